//! A model on loopback: enough of the Messages API, streaming and not, to drive the real `claude` without a key.
//!
//! The newest user text that carries `STUB[…]` scripts the turns: a JSON list of which item n answers after n tool results.
//! An item is `{"text": …}`, `{"tool": NAME, "input": …}`, `{"json": …}` (the structured answer), `{"status": 529, "type": …}`;
//! `"sleep": seconds`, `"usage": {…}` and `"stop_reason"` may stand beside. Without a script the stub's own answer is given.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A running stub; it ends with the test's process.
pub struct ModelStub {
    port: u16,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl ModelStub {
    /// Starts one on a free port; it answers `stub-reply` where nothing is scripted.
    pub fn start() -> ModelStub {
        ModelStub::answering(|_| json!({ "text": "stub-reply" }))
    }

    /// Starts one that makes an item of each request that is not scripted.
    pub fn answering(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> ModelStub {
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &seen, answer.as_ref()));
            }
        });
        ModelStub { port, requests }
    }

    /// Its address, for `ANTHROPIC_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The environment in which `claude` talks to it; `config` is a folder of the test's own.
    pub fn env(&self, config: &std::path::Path) -> Vec<(String, String)> {
        [
            ("ANTHROPIC_BASE_URL", self.url()),
            ("ANTHROPIC_API_KEY", "stub-key-for-tests".to_string()),
            ("CLAUDE_CONFIG_DIR", config.display().to_string()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_string()),
            ("DISABLE_AUTOUPDATER", "1".to_string()),
        ]
        .map(|(k, v)| (k.to_string(), v))
        .to_vec()
    }

    /// The bodies of the model requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

type Answer = dyn Fn(&Value) -> Value + Send + Sync;

fn serve(stream: TcpStream, seen: &Mutex<Vec<Value>>, unscripted: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some((method, path, body)) = request(&mut reader) {
        let path = path.split('?').next().unwrap_or("").to_string();
        let done = match (method.as_str(), path.as_str()) {
            ("POST", p) if p.ends_with("/count_tokens") => {
                answer(&mut stream, 200, &json!({ "input_tokens": 100 }))
            }
            ("POST", p) if p.ends_with("/messages") => messages(&mut stream, &body, seen, unscripted),
            ("HEAD", _) => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            _ => answer(
                &mut stream,
                404,
                &json!({ "type": "error", "error": { "type": "not_found_error", "message": "nf" } }),
            ),
        };
        if done.is_err() {
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, String, Value)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(n) = header.strip_prefix("content-length:") {
            length = n.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

fn answer(stream: &mut TcpStream, status: u16, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} Stub\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The script of the newest text that has one, and how many tool results came after it.
fn turn(body: &Value) -> Option<Value> {
    let (mut script, mut results) = (None, 0);
    for message in body["messages"].as_array().into_iter().flatten().filter(|m| m["role"] == "user") {
        let blocks = match &message["content"] {
            Value::String(text) => vec![json!({ "type": "text", "text": text })],
            content => content.as_array().cloned().unwrap_or_default(),
        };
        for text in blocks.iter().filter_map(|b| b["text"].as_str()) {
            if let Some(found) = directive(text) {
                (script, results) = (Some(found), 0);
            }
        }
        results += usize::from(blocks.iter().any(|b| b["type"] == "tool_result"));
    }
    match script {
        Some(turns) if !turns.is_empty() => Some(turns[results.min(turns.len() - 1)].clone()),
        _ => None,
    }
}

fn directive(text: &str) -> Option<Vec<Value>> {
    let start = text.find("STUB[")? + "STUB".len();
    serde_json::Deserializer::from_str(&text[start..]).into_iter::<Vec<Value>>().next()?.ok()
}

fn messages(
    stream: &mut TcpStream,
    body: &Value,
    seen: &Mutex<Vec<Value>>,
    unscripted: &Answer,
) -> std::io::Result<()> {
    let n = {
        let mut seen = seen.lock().unwrap();
        seen.push(body.clone());
        seen.len()
    };
    let turn = turn(body).unwrap_or_else(|| unscripted(body));
    if let Some(seconds) = turn["sleep"].as_f64() {
        std::thread::sleep(Duration::from_secs_f64(seconds));
    }
    if let Some(status) = turn["status"].as_u64() {
        let kind = turn["type"].as_str().unwrap_or("api_error");
        return answer(
            stream,
            status as u16,
            &json!({ "type": "error", "error": { "type": kind, "message": "stub error" } }),
        );
    }
    let (block, stop) = block(&turn, body, n);
    let stop = turn["stop_reason"].as_str().unwrap_or(stop);
    let mut usage = json!({ "input_tokens": 11, "output_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0 });
    for (k, v) in turn["usage"].as_object().into_iter().flatten() {
        usage[k] = v.clone();
    }
    let mut message = json!({
        "id": format!("msg_{n:06}"), "type": "message", "role": "assistant", "model": body["model"],
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    if body["stream"] != true {
        message["content"] = json!([block]);
        message["stop_reason"] = json!(stop);
        return answer(stream, 200, &message);
    }
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    for event in events(message, &block, stop, &usage) {
        let text = format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or(""));
        write!(stream, "{:x}\r\n{text}\r\n", text.len())?;
    }
    stream.write_all(b"0\r\n\r\n")
}

fn block(turn: &Value, body: &Value, n: usize) -> (Value, &'static str) {
    let structured = body["tools"].as_array().into_iter().flatten().any(|t| t["name"] == "StructuredOutput");
    let call = |name: &str, input: &Value| {
        (
            json!({ "type": "tool_use", "id": format!("toolu_{n:06}"), "name": name, "input": input }),
            "tool_use",
        )
    };
    match turn {
        t if t["json"] != Value::Null && structured => call("StructuredOutput", &t["json"]),
        t if t["json"] != Value::Null => {
            (json!({ "type": "text", "text": t["json"].to_string() }), "end_turn")
        }
        t if t["tool"].is_string() => call(t["tool"].as_str().unwrap(), &t["input"]),
        t => (json!({ "type": "text", "text": t["text"].as_str().unwrap_or("") }), "end_turn"),
    }
}

fn events(message: Value, block: &Value, stop: &str, usage: &Value) -> Vec<Value> {
    let (mut opened, delta) = (
        block.clone(),
        if block["type"] == "text" {
            json!({ "type": "text_delta", "text": block["text"] })
        } else {
            json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() })
        },
    );
    if block["type"] == "text" {
        opened["text"] = json!("");
    } else {
        opened["input"] = json!({});
    }
    vec![
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": opened }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": stop, "stop_sequence": null }, "usage": { "output_tokens": usage["output_tokens"] } }),
        json!({ "type": "message_stop" }),
    ]
}

#[test]
fn the_real_claude_understands_the_stub() {
    let Some(claude) = super::claude() else { return };
    let stub = ModelStub::start();
    let config = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(claude)
        .args(["-p", "--output-format", "json", "--setting-sources", "", "--max-turns", "3"])
        .arg(r#"Say it. STUB[{"text":"said"}]"#)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", config.path())
        .envs(stub.env(config.path()))
        .current_dir(config.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    assert_eq!(result["result"], "said", "{result}");
    assert!(!stub.requests().is_empty());
}
