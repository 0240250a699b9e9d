//! A strict parser of Prometheus's text format 0.0.4, which panics at every fault of a page.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use testkit::request;

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug)]
pub struct Metric {
    pub kind: Kind,
    /// Samples by their own names, of which a histogram has three.
    pub samples: BTreeMap<(String, Labels), f64>,
}

/// The metrics of a page by their names.
#[derive(Debug)]
pub struct Page(pub BTreeMap<String, Metric>);

/// Returns status, head and body of a GET of `path`, with `headers` (whole lines).
pub fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    ask(address, "GET", path, headers)
}

/// Returns status, head and body of the answer to a request.
pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> (u16, String, String) {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n");
    let answer = request(address, &head);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect(head), head.to_owned(), body.to_owned())
}

/// Returns the page of metrics of a listener.
pub fn scrape(address: SocketAddr) -> Page {
    let (status, head, body) = get(address, "/metrics", "");
    assert_eq!(status, 200, "{body}");
    let content_type = "content-type: text/plain; version=0.0.4; charset=utf-8";
    assert!(head.contains(content_type), "{head}");
    Page::read(&body)
}

impl Page {
    pub fn read(text: &str) -> Page {
        assert!(text.ends_with('\n') && !text.contains('\r'));
        let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
        let mut current = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(described) = line.strip_prefix("# HELP ") {
                let (name, metric) = declaration(described, lines.next().unwrap_or_default());
                current = name;
                let before = metrics.insert(current.clone(), metric);
                assert!(before.is_none(), "{current} is declared twice");
            } else {
                let metric = metrics.get_mut(&current).expect("a sample is declared");
                metric.add(&current, line);
            }
        }
        let page = Page(metrics);
        page.0.values().for_each(Metric::check_histograms);
        page
    }

    /// Returns the value of the one sample with these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let metric = &self.metric(name);
        let own = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        let key = (name.to_owned(), labels.iter().map(own).collect::<Labels>());
        let value = metric.samples.get(&key);
        *value.unwrap_or_else(|| panic!("no {key:?} in {metric:#?}"))
    }

    /// Returns the sum of all samples of this name.
    pub fn sum(&self, name: &str) -> f64 {
        self.metric(name).samples.values().sum()
    }

    fn metric(&self, name: &str) -> &Metric {
        let base = ["_bucket", "_sum", "_count"];
        let base = base.iter().find_map(|end| name.strip_suffix(end));
        let found = self.0.get(name).or_else(|| self.0.get(base?));
        found.unwrap_or_else(|| panic!("there is no metric {name}"))
    }
}

/// Parses `NAME HELP`, and the line of the type that must follow.
fn declaration(described: &str, type_line: &str) -> (String, Metric) {
    let (name, help) = described.split_once(' ').expect(described);
    assert!(is_name(name), "{name:?} is no name");
    assert!(!help.trim().is_empty(), "{name} has no help");
    let kind = type_line.strip_prefix(&format!("# TYPE {name} "));
    let kind = match kind.unwrap_or_else(|| panic!("{type_line:?} after the help of {name}")) {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        other => panic!("{name} is a {other}"),
    };
    let ends_as_counter = name.ends_with("_total");
    assert_eq!(ends_as_counter, kind == Kind::Counter, "{name}: {kind:?}");
    let metric = Metric {
        kind,
        samples: BTreeMap::new(),
    };
    (name.to_owned(), metric)
}

fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_part)
}

impl Metric {
    /// Parses a line `NAME{LABELS} VALUE`.
    fn add(&mut self, name: &str, line: &str) {
        let end = line.find(['{', ' ']).expect(line);
        let (sample, rest) = line.split_at(end);
        let suffix = sample.strip_prefix(name).expect(line);
        match self.kind {
            Kind::Histogram => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
            _ => assert_eq!(suffix, "", "{line}"),
        }
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest),
            None => (Labels::new(), rest),
        };
        let value = value.strip_prefix(' ').expect(line);
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line:?}"));
        assert!(value.is_finite(), "{line}");
        assert!(self.kind != Kind::Counter || value >= 0.0, "{line}");
        let before = self.samples.insert((sample.to_owned(), labels), value);
        assert!(before.is_none(), "twice: {line}");
    }

    /// Asserts that buckets grow with their bounds up to `+Inf`, whose value is the count.
    fn check_histograms(&self) {
        let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), value) in &self.samples {
            if self.kind == Kind::Histogram && name.ends_with("_bucket") {
                let mut labels = labels.clone();
                let bound = labels.remove("le").expect("a bucket has a bound");
                let bound = bound.replace("+Inf", "inf").parse().expect("a number");
                buckets.entry(labels).or_default().push((bound, *value));
            }
        }
        for (labels, mut buckets) in buckets {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
            let (last, all) = buckets.pop().expect("buckets");
            let of = |end: &str| {
                let mut samples = self.samples.iter();
                let found = samples.find(|((name, l), _)| name.ends_with(end) && *l == labels);
                *found.expect(end).1
            };
            assert_eq!((last, all), (f64::INFINITY, of("_count")));
            assert!(of("_sum") >= 0.0);
        }
    }
}

/// Parses `NAME="VALUE",…}`. Returns the labels and the text after them.
fn labels(mut rest: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, quoted) = rest.split_once("=\"").expect(rest);
        assert!(is_name(name), "{name:?} is no name of a label");
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        let end = loop {
            match chars.next().expect(quoted) {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().expect(quoted).1 {
                    'n' => '\n',
                    escaped @ ('\\' | '"') => escaped,
                    other => panic!("\\{other} in {quoted:?}"),
                }),
                (_, plain) => value.push(plain),
            }
        };
        let before = labels.insert(name.to_owned(), value);
        assert!(before.is_none(), "{name} twice");
        rest = &quoted[end + 1..];
        match rest.split_at(1) {
            (",", more) => rest = more,
            ("}", behind) => return (labels, behind),
            _ => panic!("{rest:?}"),
        }
    }
}
