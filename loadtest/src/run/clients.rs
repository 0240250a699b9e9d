//! The clients of a run: their lobbies, and what each one has in its request from flags and files.

use std::sync::Arc;

use url::form_urlencoded::byte_serialize;

use super::error::CannotRun;
use crate::arguments::{Common, Param, Source};
use crate::load::columns::Columns;
use crate::load::lobby_plan::LobbyPlan;
use crate::load::template::{Escape, Template};

/// The clients of a run, as flags and files describe them.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The lobby of each client.
    pub lobbies: LobbyPlan,
    /// The values of each client.
    pub(super) columns: Arc<Columns>,
    /// The number of clients that have values.
    pub(super) count: u32,
    /// The parameters that all clients share.
    pub(super) params: Vec<(String, String)>,
    /// What follows these in the query: parameters that have values of clients.
    pub(super) query: Template,
    /// Further header lines of the upgrade.
    pub(super) headers: Vec<Template>,
}

/// What phoenix.js 1.8 offers for an `authToken`, in front of the token in Base64.
const AUTH_TOKEN: &str = "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.";

impl Clients {
    /// Reads what clients have of their own, for `clients` in `topics` lobbies and `further`
    /// clients that come later.
    ///
    /// # Errors
    /// A file that cannot be read or has too few rows, a name that no column has, or a flag that
    /// does not go with another.
    pub fn read(
        common: &Common,
        (clients, topics): (u32, u32),
        further: u32,
    ) -> Result<Clients, CannotRun> {
        Clients::read_from(common, 0, (clients, topics), further)
    }

    /// Reads like [`read`](Clients::read), with `first_row` for the first client.
    ///
    /// # Errors
    /// Those of [`read`](Clients::read).
    pub fn read_from(
        common: &Common,
        first_row: u32,
        (clients, topics): (u32, u32),
        further: u32,
    ) -> Result<Clients, CannotRun> {
        let mut columns = match &common.clients_file {
            Some(file) => Columns::read_csv(&format!("--clients-file {}", file.display()), file)?,
            None => Columns::default(),
        };
        columns.begin_at(first_row);
        let (params, query) = params(&common.param, &mut columns)?;
        let headers = headers(common, &mut columns)?;
        let count = clients.saturating_add(further);
        match common.reuse_rows {
            true if columns.is_empty() => {
                let text = "--reuse-rows has no rows: give --clients-file, or a --param with @FILE";
                return Err(CannotRun::Usage(text.to_owned()));
            }
            true => {}
            false => columns.check_rows(count)?,
        }
        if topics > clients {
            return Err(CannotRun::Usage(format!(
                "--topics {topics} for --clients {clients}: some lobbies would be empty"
            )));
        }
        let clients = Clients {
            lobbies: lobbies(&common.topic, &columns, count, topics)?,
            columns: columns.into(),
            count,
            params,
            query,
            headers,
        };
        clients.check_headers()?;
        Ok(clients)
    }

    /// Checks that no value ends its header's line.
    fn check_headers(&self) -> Result<(), CannotRun> {
        for header in self.headers.iter().filter(|header| header.has_columns()) {
            let broken = |client: &u32| {
                let line = header.written(&self.columns, 0, *client);
                line.contains(char::is_control)
            };
            if let Some(client) = (0..self.count).find(broken) {
                let name = header.beginning().split(|byte| *byte == b':').next();
                return Err(CannotRun::Usage(format!(
                    "--header {}: the values of row {} have a control character",
                    String::from_utf8_lossy(name.unwrap_or_default()),
                    self.columns.row(client) + 1
                )));
            }
        }
        Ok(())
    }
}

/// Returns the parameters that all clients share, and the part of the query with those of each.
fn params(
    params: &[Param],
    columns: &mut Columns,
) -> Result<(Vec<(String, String)>, Template), CannotRun> {
    let (mut shared, mut query) = (Vec::new(), Template::default());
    for Param { name, source } in params {
        let flag = format!("--param {name}");
        let value = of_source(&flag, '=', source, columns, Escape::Query)?;
        match source {
            Source::Text(text) if !value.has_columns() => {
                shared.push((name.clone(), text.clone()));
                continue;
            }
            _ if name == "vsn" => {
                let text = "--param vsn: give the version by --vsn alone, the same for all clients";
                return Err(CannotRun::Usage(text.to_owned()));
            }
            _ => {}
        }
        let name: String = byte_serialize(name.as_bytes()).collect();
        query = query.then(Template::text(&format!("&{name}="))).then(value);
    }
    Ok((shared, query))
}

fn headers(common: &Common, columns: &mut Columns) -> Result<Vec<Template>, CannotRun> {
    let mut headers = Vec::new();
    for line in &common.header {
        let name = line.split(':').next().unwrap_or_default();
        if common.auth_token.is_some() && name.eq_ignore_ascii_case("sec-websocket-protocol") {
            let text = "--auth-token is sent in Sec-WebSocket-Protocol, which a --header has too";
            return Err(CannotRun::Usage(text.to_owned()));
        }
        let flag = format!("--header {name}");
        headers.push(Template::parse(&flag, line, columns, Escape::Plain, false)?);
    }
    if let Some(token) = &common.auth_token {
        let token = of_source("--auth-token", ' ', token, columns, Escape::Plain)?;
        headers.push(Template::text(AUTH_TOKEN).then(token.in_base64()));
    }
    Ok(headers)
}

/// Returns the value that was typed, or that of the client's line. `parts` is what parts a flag
/// from its value.
fn of_source(
    flag: &str,
    parts: char,
    source: &Source,
    columns: &mut Columns,
    escape: Escape,
) -> Result<Template, CannotRun> {
    Ok(match source {
        Source::Text(text) => Template::parse(flag, text, columns, escape, false)?,
        Source::Lines(file) => {
            let flag = format!("{flag}{parts}{}", source.typed());
            Template::column(columns.add_lines(&flag, file)?, escape)
        }
    })
}

fn lobbies(
    topic: &str,
    columns: &Columns,
    count: u32,
    topics: u32,
) -> Result<LobbyPlan, CannotRun> {
    let template = Template::parse("--topic", topic, columns, Escape::Plain, true)?;
    if !template.has_columns() {
        return Ok(LobbyPlan::Even(topics));
    }
    if topics > 1 || topic.contains("{lobby}") {
        return Err(CannotRun::Usage(
            "--topic has a column, so its rows make the lobbies: give neither --topics nor {lobby}"
                .to_owned(),
        ));
    }
    let topics = (0..count).map(|client| template.written(columns, 0, client));
    Ok(LobbyPlan::by_topic(topics))
}
