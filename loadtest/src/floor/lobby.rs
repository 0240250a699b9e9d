//! Lobbies: their members, and messages that wait for the end of the turn.

use std::collections::HashMap;

use super::membership::Membership;
use super::socket::FloorConnections;

/// A topic with its members.
#[derive(Debug, Default)]
pub(super) struct FloorLobby {
    name: Vec<u8>,
    /// Numbers of the members' connections.
    pub members: Vec<u32>,
    /// Sealed frames not yet written to any member. The memory is kept from turn to turn.
    pub span: Vec<u8>,
}

/// All lobbies. The number of a lobby that became empty is given to a later one.
#[derive(Debug, Default)]
pub(super) struct Lobbies {
    by_number: Vec<FloorLobby>,
    by_name: HashMap<Vec<u8>, u32>,
    free: Vec<u32>,
}

impl Lobbies {
    /// Returns a lobby by its number.
    pub fn at(&mut self, number: u32) -> &mut FloorLobby {
        &mut self.by_number[number as usize]
    }

    /// True if the lobby of this number has this name.
    pub fn is_named(&self, number: u32, name: &[u8]) -> bool {
        self.by_number[number as usize].name == name
    }

    /// Returns the number of the lobby with this name, if it has members.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// Adds a member; the first member of a name makes its lobby.
    pub fn enter(&mut self, name: &[u8], connection: u32) -> Membership {
        let number = self.find(name).unwrap_or_else(|| self.open(name));
        let members = &mut self.at(number).members;
        members.push(connection);
        Membership {
            lobby: number,
            place: (members.len() - 1) as u32,
        }
    }

    fn open(&mut self, name: &[u8]) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.by_number.push(FloorLobby::default());
            (self.by_number.len() - 1) as u32
        });
        self.at(number).name = name.to_vec();
        self.by_name.insert(name.to_vec(), number);
        number
    }

    /// Removes a member. The lobby's last listed member moves to the free place. The removal of the
    /// only member ends the lobby.
    pub fn leave(&mut self, member: Membership, connections: &mut FloorConnections) {
        let lobby = self.at(member.lobby);
        lobby.members.swap_remove(member.place as usize);
        if let Some(&moved) = lobby.members.get(member.place as usize) {
            if let Some(connection) = connections.at(moved) {
                connection.member = Some(member);
            }
        } else if lobby.members.is_empty() {
            lobby.span.clear();
            let name = std::mem::take(&mut lobby.name);
            self.by_name.remove(&name);
            self.free.push(member.lobby);
        }
    }
}
