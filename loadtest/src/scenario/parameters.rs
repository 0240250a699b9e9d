//! What was asked for, in words, for the result.

use crate::arguments::{Common, Traffic};
use crate::result::Parameter;

/// Collects names and values in the order in which a person reads them.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<Parameter>);

impl Parameters {
    pub fn with(mut self, name: &str, value: impl ToString) -> Parameters {
        self.0.push(Parameter {
            name: name.to_owned(),
            value: value.to_string(),
        });
        self
    }

    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Parameters {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub fn traffic(self, traffic: &Traffic) -> Parameters {
        let Traffic {
            clients,
            topics,
            publishers,
            rate,
            window,
            no_echo,
        } = traffic;
        let window = match rate {
            None => Some(window.map_or(16, |window| window.0)),
            Some(_) => None,
        };
        self.with("clients", clients)
            .with("topics", topics)
            .with("publishers", publishers)
            .maybe("rate", *rate)
            .maybe("window", window)
            .maybe("no-echo", no_echo.then_some("yes"))
    }

    /// Those that all scenarios have; secrets may stand in parameters and headers, so only their names are told.
    pub fn common(self, common: &Common) -> Vec<Parameter> {
        let time = |duration| humantime::format_duration(duration).to_string();
        let names = |names: Vec<&str>| (!names.is_empty()).then(|| names.join(", "));
        let params = common.param.iter().map(|pair| pair.0.as_str()).collect();
        let headers = common
            .header
            .iter()
            .filter_map(|header| header.split(':').next())
            .collect();
        self.with("bytes", common.bytes)
            .with("url", &common.url)
            .with("vsn", common.vsn)
            .maybe("param", names(params))
            .maybe("header", names(headers))
            .with("topic", &common.topic)
            .with("join-payload", &common.join_payload)
            .with("event", &common.event)
            .with("payload", &common.payload)
            .with("warmup", time(common.warmup))
            .with("duration", time(common.duration))
            .with("settle", time(common.settle))
            .with("heartbeat", time(common.heartbeat))
            .maybe("connect-rate", common.connect_rate)
            .with("connecting-max", common.connecting_max)
            .maybe("spawn", common.spawn.as_ref())
            .maybe("pid", common.pid)
            .0
    }
}
