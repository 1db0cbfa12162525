//! Outputs and inputs: F22–F25, S8.

use super::*;
use flow::exec::Fault;

fn small(limit: usize, folder: &std::path::Path, script: &str) -> ProcessRequest {
    let mut request = sh(script);
    request.keep = Keep { memory: 1024, total: limit as u64 };
    request.out_dir = Some(folder.to_owned());
    request
}

/// In a process of its own: other tests at the same time would count as ours.
#[test]
fn f23_a_flood_is_kept_in_part_and_in_constant_memory() {
    const ALONE: &str = "FLOW_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let this = "exec::output::f23_a_flood_is_kept_in_part_and_in_constant_memory";
        let alone = std::process::Command::new(std::env::current_exe().unwrap())
            .args([this, "--exact", "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&alone.stdout);
        assert!(
            alone.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&alone.stderr)
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    let before = rss();
    let outcome = bench.run(small(
        1 << 20,
        folder.path(),
        "yes 0123456789abcde | tr -d '\\n' | head -c 200000000; echo; echo end >&2",
    ));
    let grown = rss().saturating_sub(before);
    assert_eq!(outcome.stdout.total, 200_000_001);
    assert!(outcome.stdout.truncated());
    assert_eq!(outcome.stdout.kept_len(), 1 << 20);
    let kept = bytes(&outcome.stdout);
    assert_eq!(kept.len(), 1 << 20);
    assert!(kept.starts_with(b"0123456789abcde012345") && kept.ends_with(b"e\n") || kept.ends_with(b"\n"));
    assert_eq!(text(&outcome.stderr), "end\n");
    assert!(grown < 64 << 20, "grew by {grown} bytes");
}

fn rss() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn a_large_output_goes_to_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    let outcome = bench.run(small(1 << 20, folder.path(), "head -c 5000 /dev/zero | tr '\\0' x"));
    assert_eq!(outcome.stdout.kept, Kept::File(folder.path().join("stdout")));
    assert_eq!(bytes(&outcome.stdout), vec![b'x'; 5000]);
    assert!(!folder.path().join("stderr").exists());
}

#[test]
fn f24_bytes_are_kept_as_they_are() {
    let mut bench = Bench::new();
    let outcome = bench.run(sh(r"printf 'a\000b\377\376\r\n\357\273\277'"));
    assert_eq!(bytes(&outcome.stdout), b"a\0b\xff\xfe\r\n\xef\xbb\xbf");
}

#[test]
fn f25_a_large_input_is_read_or_not() {
    let mut bench = Bench::new();
    let input: Vec<u8> = (0..100 << 20).map(|i| (i % 253) as u8).collect();
    for script in ["true", "exec 0<&-; sleep 0.1", "head -c 10 >/dev/null"] {
        let mut request = sh(script);
        request.stdin = Some(input.clone());
        assert_eq!(bench.run(request).exit, Exit::Code(0), "{script}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut request = command(["cat"]);
    request.stdin = Some(input.clone());
    request.keep = Keep { memory: 1 << 20, total: 200 << 20 };
    request.out_dir = Some(folder.path().to_owned());
    let outcome = bench.run(request);
    assert_eq!(outcome.stdout.total, input.len() as u64);
    assert!(bytes(&outcome.stdout) == input);
}

#[test]
fn no_input_is_an_empty_one() {
    let mut bench = Bench::new();
    assert_eq!(bytes(&bench.run(command(["cat"])).stdout), b"");
    let mut request = command(["cat"]);
    request.stdin = Some(Vec::new());
    assert_eq!(bytes(&bench.run(request).stdout), b"");
}

#[test]
fn a_closed_output_is_not_the_end() {
    let mut bench = Bench::new();
    let begun = Instant::now();
    let outcome = bench.run(sh("exec >&- 2>&-; sleep 0.5; exit 4"));
    assert_eq!(outcome.exit, Exit::Code(4));
    assert!(elapsed(begun) >= Duration::from_millis(500));
}

#[test]
fn secrets_are_masked_before_anything_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "pässword-0123456789";
    let mut bench = Bench::new();
    let mut request = small(
        1 << 20,
        folder.path(),
        "i=0; while [ $i -lt 500 ]; do printf 'x%sy' \"$TOKEN\"; i=$((i+1)); done; printf %s \"$TOKEN\" | base64 >&2",
    );
    request.env.push(EnvVar::new("TOKEN", secret));
    request.secrets = Hidden(vec![secret.to_owned()]);
    assert!(!format!("{request:?}").contains(secret));
    let outcome = bench.run(request);
    assert_eq!(text(&outcome.stdout), "x***y".repeat(500));
    assert!(text(&outcome.stderr).starts_with("***"));
    assert_eq!(std::fs::read_to_string(folder.path().join("stdout")).unwrap(), "x***y".repeat(500));
}

#[test]
fn an_output_that_cannot_be_kept_is_told() {
    let mut bench = Bench::new();
    let outcome =
        bench.run(small(1 << 20, std::path::Path::new("/dev/null/x"), "head -c 500000 /dev/zero; exit 3"));
    assert_eq!(outcome.exit, Exit::Code(3));
    assert!(outcome.stdout.trouble.is_some());
    assert_eq!(outcome.stdout.total, 500_000);
}

#[test]
fn a_write_is_done_beside_the_loop() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    let write =
        |path: &str| Request::Write { root: folder.path().to_owned(), path: path.into(), text: "hi".into() };
    bench.begin(Ticket(5), write("a/b.txt")).unwrap();
    assert!(matches!(bench.next().remove(0), Done { ticket: Ticket(5), outcome: Ok(Outcome::Written) }));
    assert_eq!(std::fs::read_to_string(folder.path().join("a/b.txt")).unwrap(), "hi");
    bench.begin(Ticket(6), write("../b.txt")).unwrap();
    assert_eq!(bench.next().remove(0).outcome.unwrap_err().fault, Fault::Failed);
}
