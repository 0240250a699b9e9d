//! The parameters of a run, as names and values for the result.

use crate::arguments::{Common, Messages, Param, Source, Traffic};
use crate::result::Parameter;
use crate::run::mask;

/// Names and values in the order of reading.
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

    /// Adds the clients, the publishers and the pace.
    pub fn traffic(self, traffic: &Traffic) -> Parameters {
        let window = match traffic.rate {
            None => Some(traffic.window.map_or(16, |window| window.0)),
            Some(_) => None,
        };
        self.lobbies(traffic)
            .maybe("rate", traffic.rate)
            .maybe("window", window)
    }

    /// Adds the clients and the publishers, for scenarios that set the pace themselves.
    pub fn lobbies(self, traffic: &Traffic) -> Parameters {
        self.with("clients", traffic.clients)
            .with("topics", traffic.topics)
            .with("publishers", traffic.publishers())
            .maybe("prober", traffic.prober.then_some("yes"))
            .maybe("no-echo", traffic.no_echo.then_some("yes"))
            .messages(&traffic.messages)
    }

    pub fn messages(self, messages: &Messages) -> Parameters {
        let time = |duration| humantime::format_duration(duration).to_string();
        self.with("bytes", messages.bytes)
            .with("event", &messages.event)
            .with("payload", &messages.payload)
            .with("warmup", time(messages.warmup))
            .with("duration", time(messages.duration))
            .with("settle", time(messages.settle))
    }

    /// Adds the parameters of every scenario. Parameters of the URL and headers may hold secrets,
    /// so only their names are shown.
    pub fn common(self, common: &Common) -> Vec<Parameter> {
        let time = |duration| humantime::format_duration(duration).to_string();
        let names = |names: Vec<&str>| (!names.is_empty()).then(|| names.join(", "));
        let param = |param: &Param| match &param.source {
            Source::Text(_) => param.name.clone(),
            lines @ Source::Lines(_) => format!("{}={}", param.name, lines.typed()),
        };
        let params: Vec<String> = common.param.iter().map(param).collect();
        let params = params.iter().map(String::as_str).collect();
        let headers = common
            .header
            .iter()
            .filter_map(|header| header.split(':').next())
            .collect();
        self.with("url", &common.url)
            .with("vsn", common.vsn)
            .maybe("param", names(params))
            .maybe("header", names(headers))
            .maybe(
                "auth-token",
                common.auth_token.as_ref().map(|token| format!("{token:?}")),
            )
            .maybe(
                "clients-file",
                common.clients_file.as_ref().map(|file| file.display()),
            )
            .maybe("reuse-rows", common.reuse_rows.then_some("yes"))
            .with("topic", &common.topic)
            .with("join-payload", mask::payload(&common.join_payload))
            .with("heartbeat", time(common.heartbeat))
            .maybe("connect-rate", common.connect_rate)
            .maybe("connecting-max", common.connecting_max)
            .maybe("spawn", common.spawn.as_ref())
            .maybe("pid", common.pid)
            .0
    }
}
