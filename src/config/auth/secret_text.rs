//! Secrets of a file, a variable or the configuration: read, and shown by their length alone.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;

use super::auth_forms::FilePath;
use crate::config::form::{Form, quoted};
use crate::config::raw::Raw;
use crate::config::unfit::Unfit;
use crate::credentials::Secret;

/// Most bytes of a file that is named by a setting. A key is much smaller; `/dev/zero` is not.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The permission of a file by which every user of the machine can read it.
const READ_BY_ALL: u32 = 0o004;

/// A text that was read, and where it came from. Neither its `Debug` nor its `Display` shows a byte
/// of it.
#[derive(Clone, Debug)]
pub struct SecretText {
    secret: Secret,
    origin: SecretOrigin,
}

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOrigin {
    /// A file, as systemd, Kubernetes and Docker hand secrets over.
    File,
    /// A variable of the environment.
    Variable,
    /// The configuration file itself.
    Inline,
}

impl SecretText {
    /// Returns the text of a file without its last line break, and whether every user of the
    /// machine can read that file.
    pub fn of_file(path: &FilePath) -> Result<(SecretText, bool), String> {
        let (mut bytes, mode) = read_file(path)?;
        if bytes.pop_if(|byte| *byte == b'\n').is_some() {
            bytes.pop_if(|byte| *byte == b'\r');
        }
        let text = SecretText::new(bytes, SecretOrigin::File);
        Ok((text, mode & READ_BY_ALL != 0))
    }

    /// Returns the value of a variable of the process.
    pub fn of_variable(name: &str) -> Result<SecretText, String> {
        SecretText::of_value(env::var_os(name))
    }

    fn of_value(value: Option<OsString>) -> Result<SecretText, String> {
        let value = value.unwrap_or_default().into_string();
        let value = value.map_err(|_| "the variable that it names is not UTF-8".to_owned())?;
        // As for all variables: an empty one counts as not set, and a `\r` belongs to no value.
        match value.strip_suffix('\r').unwrap_or(&value) {
            "" => Err("the variable that it names is not set".to_owned()),
            value => Ok(SecretText::new(value.as_bytes(), SecretOrigin::Variable)),
        }
    }

    fn new(bytes: impl Into<Box<[u8]>>, origin: SecretOrigin) -> SecretText {
        SecretText {
            secret: Secret::new(bytes),
            origin,
        }
    }

    /// Returns the bytes as they were read.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// True if the text stands in the configuration itself.
    pub fn is_inline(&self) -> bool {
        self.origin == SecretOrigin::Inline
    }
}

/// Returns the bytes of a file and its mode. No message names the file: if a secret was given in
/// place of its file, it must not come to a log.
pub fn read_file(path: &FilePath) -> Result<(Vec<u8>, u32), String> {
    match read(path) {
        Ok((bytes, _)) if bytes.len() as u64 > FILE_BYTES_MAX => Err(format!(
            "the file has more than {FILE_BYTES_MAX} bytes; expected a smaller one"
        )),
        Ok(read) => Ok(read),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    }
}

/// Returns the text of a file.
pub fn read_text(path: &FilePath) -> Result<String, String> {
    let (bytes, _) = read_file(path)?;
    String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())
}

fn read(path: &FilePath) -> io::Result<(Vec<u8>, u32)> {
    let file = File::open(&path.0)?;
    let mode = file.metadata()?.permissions().mode();
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok((bytes, mode))
}

impl std::fmt::Display for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origin = match self.origin {
            SecretOrigin::File => "from file",
            SecretOrigin::Variable => "from environment",
            SecretOrigin::Inline => "inline",
        };
        write!(f, "…({} bytes, {origin})", self.secret.expose().len())
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &SecretText) -> bool {
        self.secret.expose() == other.secret.expose()
    }
}

/// A secret in the configuration itself.
impl Form for SecretText {
    const SECRET: bool = true;

    fn expected() -> String {
        "a text".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<SecretText, Unfit> {
        match raw.text() {
            Some(text) if !text.is_empty() => {
                Ok(SecretText::new(text.as_bytes(), SecretOrigin::Inline))
            }
            _ => Err(Unfit::Form),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }

    fn is_same(&self, other: &SecretText) -> bool {
        self == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::setting::{Setting, setting};

    #[derive(Default)]
    struct Held {
        secret: Option<SecretText>,
    }

    #[test]
    fn secret_is_shown_by_its_length_and_its_change_is_noticed() {
        let setting: Setting<Held> = setting!(Held, "secret", "A secret.", secret);
        let held = |text| {
            let mut held = Held::default();
            setting.set(&mut held, Raw::Typed(text)).unwrap();
            held
        };
        let (one, other) = (held("marker-1"), held("marker-2"));
        assert_eq!(setting.show(&one).unwrap(), "\"…(8 bytes, inline)\"");
        assert!(setting.change("key", &one, &held("marker-1")).is_none());
        let change = setting.change("key", &one, &other).unwrap();
        let shown = "key secret: \"…(8 bytes, inline)\" -> changed";
        assert_eq!(change.to_string(), shown);
        assert_eq!(format!("{:?}", one.secret).find("marker"), None);
    }

    #[test]
    fn wrong_secret_is_not_shown_in_its_message() {
        let setting: Setting<Held> = setting!(Held, "secret", "A secret.", secret);
        let number = toml::de::DeValue::parse("19283746").unwrap();
        let raw = Raw::Toml(number.get_ref());
        let told = setting.set(&mut Held::default(), raw).unwrap_err();
        assert_eq!(told, ["expected a text"]);
    }

    #[test]
    fn variable_that_is_empty_counts_as_not_set() {
        let of = |value: &str| SecretText::of_value(Some(value.into()));
        assert_eq!(of("abc\r").unwrap().secret().expose(), b"abc");
        for value in ["", "\r"] {
            let told = of(value).unwrap_err();
            assert_eq!(told, "the variable that it names is not set");
        }
        assert_eq!(SecretText::of_value(None), of(""));
    }
}
