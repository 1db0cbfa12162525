//! Text as HTML, and docs in Markdown as HTML. Nothing that a program says becomes a tag of its own, and links lead to
//! pages only.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Text for content and for attributes in double quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Markdown as HTML: raw HTML is shown as it is written, headings are below those of the page, pictures are their words,
/// links lead to `http`, `https` or beside.
pub(super) fn markdown(text: &str) -> String {
    let mut dropped = Vec::new();
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events = parser.filter_map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Link { dest_url, title, id, link_type }) => {
            let fine = leads_to_a_page(&dest_url);
            dropped.push(!fine);
            fine.then_some(Event::Start(Tag::Link { dest_url, title, id, link_type }))
        }
        Event::End(TagEnd::Link) => (dropped.pop() == Some(false)).then_some(Event::End(TagEnd::Link)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Heading { classes, attrs, .. }) => {
            let level = HeadingLevel::H4;
            Some(Event::Start(Tag::Heading { level, id: None, classes, attrs }))
        }
        Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Heading(HeadingLevel::H4))),
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// The first sentence of a doc, as plain text.
pub(super) fn first_sentence(text: &str) -> String {
    let mut out = String::new();
    for event in Parser::new(text) {
        match event {
            Event::Text(part) | Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => {
                out.push_str(&part)
            }
            Event::SoftBreak | Event::HardBreak => out.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    match out.find(". ") {
        Some(end) => out[..=end].to_string(),
        None => out.trim().to_string(),
    }
}

fn leads_to_a_page(url: &CowStr<'_>) -> bool {
    let url = url.trim();
    if url.starts_with("//") || url.starts_with('\\') || url.chars().any(char::is_control) {
        return false;
    }
    let scheme = url.split(['/', '?', '#']).next().and_then(|head| head.split_once(':')).map(|(s, _)| s);
    match scheme {
        None => true,
        Some(scheme) => scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"),
    }
}
