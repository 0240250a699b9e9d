pub fn text(_: &[(String, crate::result::RunResult)]) -> String {
    String::new()
}
pub fn html(_: &[(String, crate::result::RunResult)]) -> String {
    String::new()
}
