//! Bytes that no log, error or `Debug` shows.

use zeroize::Zeroize;

/// A secret. What it prints is its length alone, and its bytes are zeroed when it is dropped.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Returns the secret of these bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Secret {
        Secret(bytes.into())
    }

    /// Returns the bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "…({} bytes)", self.0.len())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_shows_its_length_alone() {
        let secret = Secret::new(*b"marker");
        assert_eq!(format!("{secret:?}"), "…(6 bytes)");
        assert_eq!(secret.to_string(), "…(6 bytes)");
        assert_eq!(secret.expose(), b"marker");
    }
}
