//! Phoenix's own tests, and docs/protocol.md as far as it concerns WebSocket, over real sockets.
//!
//! The sections of docs/protocol.md are named as §. B 1–113 are the behaviours that Phoenix's tests
//! express; each test here names the behaviours that it shows. The table lists them:
//!
//! | B | shown by, or why it does not apply |
//! |---|---|
//! | 1 | `routes::mounts_stand_side_by_side` |
//! | 2, 3 | `channels::join_gets_its_reply_then_a_push_with_the_join_ref_then_a_broadcast` |
//! | 4 | `channels::intercepted_broadcast_is_altered_for_each_client_others_come_straight` |
//! | 5, 6 | `channels::leave_is_answered_and_closed_and_what_comes_later_is_unmatched` |
//! | 7 | `channels::channel_101_is_refused` |
//! | 8 | `channels::channel_limit_can_be_set_and_a_duplicate_join_frees_its_place_first` |
//! | 9, 10, 11, 14 | `connect::connect_sees_the_headers_it_may` |
//! | 12, 13, 16 | `connect::connect_sees_peer_uri_and_fixed_pairs` |
//! | 15 | does not apply but for "connects all the same": sessions are Plug's cookies; `connect::session_cookie_and_a_csrf_token_change_nothing` |
//! | 17 | `channel_end::panic_ends_the_channel_with_phx_error_and_keeps_what_was_sent_before` |
//! | 18 | `channel_end::end_of_the_connection_ends_every_channel` |
//! | 19 | `channels::topics_that_are_not_joined_or_match_no_pattern_are_unmatched` |
//! | 20 | `origins::list_admits_what_its_entries_name` |
//! | 21, 22 | `connect::connect_may_refuse_with_403_or_a_status_of_its_own` |
//! | 23 | `socket_ids::disconnect_closes_all_sockets_of_the_id_with_1001` |
//! | 24 | `refs::second_join_ends_the_first_and_stands_on_its_own`, `refs::second_join_that_is_refused_leaves_the_topic_not_joined` |
//! | 25 | `upgrade::vsn_chooses_the_version_or_is_refused_with_403` |
//! | 26 | `connection_close::client_that_goes_quiet_is_closed_so_that_it_comes_back` |
//! | 27 | `channels::topics_that_are_not_joined_or_match_no_pattern_are_unmatched` |
//! | 28 | `logs::log_lines_hold_nothing_a_client_sent_as_parameter_or_payload`: there is nothing to mask |
//! | 29, 30 | `channels::refused_or_crashed_join_tells_why_and_leaves_nothing_behind` |
//! | 31 | `channel_end::announced_stop_closes_the_channel` |
//! | 32 | `binary::pushes_replies_and_broadcasts_of_bytes_are_binary_frames` |
//! | 33 | `upgrade::upgrade_request_that_is_none_is_told_what_it_lacks` |
//! | 34 | `subprotocols::subprotocol_is_the_first_of_the_server_that_is_offered` |
//! | 35 | `connect::query_parameters_reach_connect_as_strings` |
//! | 36 | `connection_close::ping_is_answered_with_its_payload_and_disturbs_nothing`, `connection_close::ping_between_fragments_is_answered_at_once` |
//! | 37 | `connect::path_may_be_custom_and_hold_variables` |
//! | 38 | `connection_close::ping_is_answered_with_its_payload_and_disturbs_nothing`; pings of the server's own do not apply, as in Phoenix's channels it sends none |
//! | 39–45 | do not apply: long-poll, which is not built yet |
//! | 46 | long-poll in Phoenix, the rule holds here: `refs::stale_messages_are_ignored_and_those_without_join_ref_are_not` |
//! | 47–55 | do not apply: long-poll |
//! | 56 | long-poll in Phoenix, the frame is the same: `channel_end::panic_ends_the_channel_with_phx_error_and_keeps_what_was_sent_before` |
//! | 57 | likewise: `refs::stale_messages_are_ignored_and_those_without_join_ref_are_not` |
//! | 58–67 | do not apply: long-poll |
//! | 68 | `origins::check_that_is_off_lets_everything_in` |
//! | 69, 70 | `origins::configured_host_is_compared_alone`; an endpoint-wide setting does not apply: each mount has its own |
//! | 71, 72, 73 | `origins::wildcards_admit_subdomains_at_a_dot_only` |
//! | 74 | `origins::origins_without_a_host_are_refused` |
//! | 75 | `origins::function_decides_alone`; extra arguments do not apply: closures capture |
//! | 76 | `origins::conn_compares_the_whole_origin_with_the_request` |
//! | 77 | `origins::list_admits_what_its_entries_name` |
//! | 78 | `origins::mounts_do_not_share_their_policy` |
//! | 79 | `subprotocols::subprotocol_is_the_first_of_the_server_that_is_offered`; what is no list does not compile |
//! | 80 | does not apply: Plug's session |
//! | 81, 83 | `serializers::version_1_speaks_objects_of_four_keys` |
//! | 82, 89 | `serializers::malformed_message_closes_the_socket_with_1011` |
//! | 84 | `serializers::version_2_speaks_arrays_of_five`, `serializers::channel_that_sends_what_is_no_object_crashes` |
//! | 85 | the same two |
//! | 86, 88 | `binary::pushes_replies_and_broadcasts_of_bytes_are_binary_frames` |
//! | 87 | `binary::name_over_255_bytes_crashes_the_channel_that_sends_bytes_with_it` |
//! | 90 | `routes::first_pattern_that_matches_serves_the_topic` |
//! | 91 | `socket_ids::disconnect_closes_all_sockets_of_the_id_with_1001` |
//! | 92 | does not apply (drainer options of a supervisor); what a drain does: `connection_close::stop_of_the_server_tells_every_socket_1012` |
//! | 93 | `broadcast::broadcast_from_skips_the_caller_alone` |
//! | 94 | `channels::results_of_handle_in_each_have_their_form_on_the_wire` |
//! | 95 | `handles::event_without_a_ref_has_no_reply_handle` (no channel: does not compile) |
//! | 96 | `channels::refused_or_crashed_join_tells_why_and_leaves_nothing_behind`; a bad return does not compile |
//! | 97 | `channels::results_of_handle_in_each_have_their_form_on_the_wire` |
//! | 98 | `handles::reply_handle_answers_later_and_as_often_as_it_likes`, `handles::pushes_and_replies_of_handles_go_out_while_the_channel_waits` |
//! | 99 | `channel_end::panic_ends_the_channel_with_phx_error_and_keeps_what_was_sent_before` |
//! | 100 | `channel_end::broadcast_or_a_handle_may_stop_the_channel`, `handles::handles_of_a_channel_that_has_ended_do_nothing` |
//! | 101 | `channel_end::announced_stop_closes_the_channel` |
//! | 102 | `channels::intercepted_broadcast_is_altered_for_each_client_others_come_straight` |
//! | 103 | `channels::leave_is_answered_and_closed_and_what_comes_later_is_unmatched` |
//! | 104 | `channel_end::end_of_the_connection_ends_every_channel`; killing a slow one does not apply: callbacks are calls, not processes |
//! | 105 | `handles::broadcast_on_a_followed_topic_comes_to_the_channel_only` |
//! | 106 | `socket_ids::assigns_of_connect_are_there_in_every_channel` and all of `socket_ids`, `connect::connect_may_refuse_with_403_or_a_status_of_its_own` |
//! | 107 | `handles::endpoint_broadcasts_to_everybody_in_the_topic`, `handles::socket_handle_pushes_and_broadcasts_from_outside` (its `broadcast_from`); `local_` forms do not apply: there is one node |
//! | 108 | unknown options do not compile; bad values are told at the start by unit tests of `channel::routes`, `channel::router` and `channel::origin` |
//! | 109–113 | do not apply: presence, which is not built yet |

mod behaviours;
mod binary;
mod broadcast;
mod channel_end;
mod channels;
mod connect;
mod connection_close;
mod fixture;
mod handles;
mod logs;
mod origins;
mod peer;
mod refs;
mod room;
mod routes;
mod serializers;
mod socket_ids;
mod subprotocols;
mod upgrade;
