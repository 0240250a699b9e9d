//! The complete file, which `config default` prints, as somebody leaves it that takes its comment signs away.

use lobbyd::config::complete;

use crate::config::fixture::Folder;

#[test]
fn complete_file_is_right_also_where_its_comment_signs_are_gone() {
    let folder = Folder::of("uncommented");
    let text = complete();
    let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    // Secrets exclude each other. Those of docs/authentication.md have a test of their own.
    let (before, rest) = text.split_once("#[[auth.issuer]]").unwrap();
    let (_, after) = rest.split_once("\n# Threads beside").unwrap();
    let names_a_secret = |line: &&str| line.contains("_file = ") || line.contains("_env = ");
    let settings = before.lines().chain(after.lines()).filter(is_setting);
    let left_out: Vec<&str> = settings.filter(|line| !names_a_secret(line)).collect();
    assert!(left_out.len() > 8, "{left_out:?}");
    // A reason alone would need a change in another line too.
    let uncommented = left_out.iter().filter(|line| !line.starts_with("#reason"));
    let file = uncommented.fold(text.clone(), |text, line| {
        text.replacen(line, &line[1..], 1)
    });
    folder.write(&file);
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    // Its issuers are left out, so a bound of tokens is for nobody.
    let lines = file
        .lines()
        .take_while(|line| !line.starts_with("lifetime_max_s"));
    let place = format!("lobbyd.toml:{}: auth.lifetime_max_s", lines.count() + 1);
    let start = format!("{place}: warning: does nothing, because nobody signs tokens");
    assert_eq!((code, stderr.lines().count()), (0, 1), "{stderr}{file}");
    assert!(stderr.starts_with(&start), "{stderr}");
}
