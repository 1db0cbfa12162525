//! `flowc show`: one run with its tasks.

use super::args::{Format, ShowArgs};
use super::exit::Exit;
use super::{engine, output, runs};
use crate::run::TaskStatus;
use crate::run::view::{Filter, Shown, ShownTask, status_word};
use crate::store::{StoreError, is_held};

pub fn run(args: &ShowArgs) -> Exit {
    let status = match args.status.as_deref().map(parse_status).transpose() {
        Ok(status) => status,
        Err(message) => {
            output::complain(format_args!("{message}"));
            return Exit::WrongUse;
        }
    };
    let dir = match runs::project().and_then(|p| runs::pick(&p, args.run.as_deref(), runs::Which::Newest)) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let filter = Filter { task: args.task.clone(), status, limit: Some(args.limit) };
    let shown = (|| {
        let (view, plan) = runs::view(&dir)?;
        let journal = dir.view()?;
        let mut load = |value: &_| serde_json::from_slice(&runs::bytes(&dir, &journal, value)?).ok();
        Ok::<Shown, StoreError>(view.show(plan.as_ref(), is_held(&dir), &filter, &mut load))
    })();
    let shown = match shown {
        Ok(shown) => shown,
        Err(e) => return engine::store_error(&e),
    };
    match args.format {
        Format::Human => human(&shown),
        Format::Json => output::json(&serde_json::to_value(&shown).unwrap_or_default()),
    }
    Exit::Done
}

fn parse_status(word: &str) -> Result<TaskStatus, String> {
    serde_json::from_value(serde_json::Value::from(word)).map_err(|_| {
        format!(
            "there is no status `{}`; there are pending, ready, running, backoff, waiting, succeeded, failed, skipped, cancelled",
            output::visible(word)
        )
    })
}

fn human(shown: &Shown) {
    let mut text = format!("run {} of {}: {}\n", shown.run, shown.workflow, status_word(shown.status));
    text += &format!("started {}", shown.started_at);
    if let Some(finished) = &shown.finished_at {
        text += &format!(", last seen {finished}");
    }
    text.push('\n');
    let width = shown.tasks.iter().map(|t| t.id.chars().count()).max().unwrap_or(0).min(60);
    for task in &shown.tasks {
        text += &row(task, width);
    }
    if shown.total > shown.tasks.len() {
        text += &format!("… {} of {} tasks shown\n", shown.tasks.len(), shown.total);
    }
    if let Some(error) = &shown.error {
        text += &format!("error ({}): {}\n", error.kind, output::visible(&error.message));
    }
    if let Some(result) = &shown.result {
        text += &format!("result: {}\n", output::visible(&short(&result.to_string(), 400)));
    }
    output::result(&text);
}

fn row(task: &ShownTask, width: usize) -> String {
    let status = format!("{:?}", task.status).to_lowercase();
    let attempts = match task.attempts.len() {
        0 | 1 => String::new(),
        n => format!("  {n} attempts"),
    };
    let cost: f64 = task.attempts.iter().filter_map(|a| a.cost_usd).sum();
    let cost = if cost > 0.0 { format!("  ${cost:.4}") } else { String::new() };
    let detail = match (&task.error, &task.question, &task.value) {
        (Some(e), _, _) => format!("  {}: {}", e.kind, short(e.message.lines().next().unwrap_or(""), 100)),
        (None, Some(q), _) if task.status == TaskStatus::Waiting => format!("  {}", short(q, 100)),
        (None, _, Some(v)) if !v.is_null() => format!("  {}", short(&v.to_string(), 60)),
        _ => String::new(),
    };
    format!("  {:width$}  {status:9}{attempts}{cost}{}\n", task.id, output::visible(&detail))
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_string()
    } else {
        text.chars().take(most).chain(['…']).collect()
    }
}
