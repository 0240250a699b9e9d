//! Finds where JSON values end (RFC 8259), in one pass without recursion.
//!
//! The scanner alone decides which JSON is valid. It needs no copy, and one bit for each open
//! bracket, so 60,000 brackets cost 7.5 kB and no stack. Integers of any size pass. The scanner
//! reports where a value lies, so that the value goes on as it came.
//!
//! simd-json's tape does not keep the places of values. It needs a copy and up to 28 bytes of
//! memory per byte of input, limits depth, and takes no integers beyond the range of an `f64`.
//! `cargo bench --bench engine -- envelope` compares the two (docs/benchmarks.md).
//!
//! The caller has checked that the input is UTF-8.

/// The open brackets, one bit each, set for an object. Kept between messages for its memory.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// The innermost 64 brackets, the innermost of all in the lowest bit.
    inner: u64,
    /// The brackets further out, 64 to a word.
    outer: Vec<u64>,
    depth: usize,
}

impl Nesting {
    fn clear(&mut self) {
        self.outer.clear();
        self.depth = 0;
    }

    fn open(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.depth += 1;
    }

    fn close(&mut self) {
        self.inner >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }

    /// True if the innermost open bracket is an object's; `None` if all are closed.
    fn in_object(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.inner & 1 == 1)
    }
}

/// A position in a JSON text. A function that fails may leave the position anywhere, because the
/// text is then refused as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The text that has not been scanned yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn rest_bytes(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over white space.
    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over `byte` if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// True if nothing but white space is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.space();
        self.peek().is_none()
    }

    /// Steps over one value and white space before it, and returns the value's text.
    pub(super) fn value(&mut self, nesting: &mut Nesting) -> Option<&'a str> {
        self.space();
        let start = self.at;
        nesting.clear();
        loop {
            if self.begin_value(nesting)? {
                continue;
            }
            if self.end_value(nesting)? {
                return self.text.get(start..self.at);
            }
        }
    }

    /// Steps over a whole scalar or an empty array or object, or into an array or object that is
    /// not empty. Returns true if a value must follow.
    fn begin_value(&mut self, nesting: &mut Nesting) -> Option<bool> {
        let first = self.peek()?;
        match first {
            b'"' => self.string().map(|_| false),
            b'{' | b'[' => self.open(nesting, first == b'{'),
            b'-' | b'0'..=b'9' => self.number().map(|()| false),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => None,
        }
    }

    fn open(&mut self, nesting: &mut Nesting, object: bool) -> Option<bool> {
        self.at += 1;
        self.space();
        if self.eat(if object { b'}' } else { b']' }) {
            return Some(false);
        }
        nesting.open(object);
        if object {
            self.key()?;
        }
        Some(true)
    }

    /// Starts behind a value. Steps over closing brackets and the next comma, and over an object's
    /// next key. Returns true if everything is closed; otherwise a value must follow.
    fn end_value(&mut self, nesting: &mut Nesting) -> Option<bool> {
        while let Some(object) = nesting.in_object() {
            self.space();
            if self.eat(b',') {
                self.space();
                if object {
                    self.key()?;
                }
                return Some(false);
            }
            if !self.eat(if object { b'}' } else { b']' }) {
                return None;
            }
            nesting.close();
        }
        Some(true)
    }

    /// Steps over a key and its colon. Returns the text between the key's quotes.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        let key = self.string()?;
        self.space();
        if !self.eat(b':') {
            return None;
        }
        self.space();
        Some(key)
    }

    /// Steps over a string. Returns the text between its quotes.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        if !self.eat(b'"') {
            return None;
        }
        let start = self.at;
        loop {
            self.at += plain_length(self.rest_bytes());
            match self.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                // RFC 8259 §7: a control character must be escaped.
                _ => return None,
            }
        }
        let inner = self.text.get(start..self.at);
        self.at += 1;
        inner
    }

    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        let kind = self.peek()?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.unit()? {
                // Half of a surrogate pair is no character.
                0xD800..0xDC00 => {
                    let paired = self.eat(b'\\') && self.eat(b'u');
                    (paired && (0xDC00..0xE000).contains(&self.unit()?)).then_some(())
                }
                0xDC00..0xE000 => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |unit, digit| {
            Some(unit << 4 | char::from(*digit).to_digit(16)?)
        })
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        match self.peek() {
            Some(b'.' | b'e' | b'E') => self.fraction(start),
            _ => Some(()),
        }
    }

    /// Steps over the rest of a number that is no integer. Refuses a number beyond the range of a
    /// float, as in Phoenix: many clients could not read a relayed message with such a number.
    fn fraction(&mut self, start: usize) -> Option<()> {
        /// Digits up to which a number without exponent is in range.
        const SHORT: usize = 300;
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _signed = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        } else if self.at - start < SHORT {
            return Some(());
        }
        let value: f64 = self.text.get(start..self.at)?.parse().ok()?;
        value.is_finite().then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let bytes = self.rest_bytes();
        let count = bytes.iter().position(|byte| !byte.is_ascii_digit());
        let count = count.unwrap_or(bytes.len());
        self.at += count;
        (count > 0).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<bool> {
        let found = self.rest_bytes().starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(false)
    }
}

/// Returns how many bytes at the start of `bytes` may be in a JSON string unescaped: all before the
/// first quote, backslash or control character. Looks at eight bytes at a time.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    for (count, chunk) in chunks.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            return count * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let in_tail = tail.iter().position(is_special).unwrap_or(tail.len());
    bytes.len() - tail.len() + in_tail
}

/// Returns a word with the high bit set of each byte that is a quote, a backslash or a control
/// character. Only the lowest set bit is exact: a borrow may mark bytes above it.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let quotes = zeros(word ^ (ONES * b'"' as u64));
    let backslashes = zeros(word ^ (ONES * b'\\' as u64));
    let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    quotes | backslashes | controls
}
