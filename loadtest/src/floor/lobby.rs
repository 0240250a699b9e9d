//! Lobbies: their members, and messages that wait for the end of the turn.

use std::collections::HashMap;

use super::connection::FloorConnections;
use super::membership::Membership;

/// A topic with members.
#[derive(Debug, Default)]
pub(super) struct FloorLobby {
    name: Vec<u8>,
    /// Numbers of connections.
    pub members: Vec<u32>,
    /// Sealed frames that no member has got yet. Its memory is kept from turn to turn.
    pub span: Vec<u8>,
}

/// All lobbies. A number is given again when its lobby has become empty.
#[derive(Debug, Default)]
pub(super) struct Lobbies {
    by_number: Vec<FloorLobby>,
    by_name: HashMap<Vec<u8>, u32>,
    free: Vec<u32>,
}

impl Lobbies {
    /// A lobby by its number.
    pub fn at(&mut self, number: u32) -> &mut FloorLobby {
        &mut self.by_number[number as usize]
    }

    /// Whether the lobby of this number goes by this name.
    pub fn is_named(&self, number: u32, name: &[u8]) -> bool {
        self.by_number[number as usize].name == name
    }

    /// The number of a lobby that has members.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// Adds a member; the first one makes the lobby.
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

    /// Takes a member away. The last one to sit there moves
    /// to its place, and the last of all ends the lobby.
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
