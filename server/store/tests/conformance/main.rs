//! One suite that both databases have to pass: on SQLite always, on PostgreSQL when
//! `LOCKGATE_TEST_POSTGRES_URL` names a database in which the suite may make schemas.

mod bench;
mod configuration;
mod factors;
mod filled;
mod flow_tokens;
mod history;
mod invitations;
mod logs;
mod memberships;
mod oauth;
mod people;
mod policies;
mod principals;
mod scale;
mod schema;
mod sealed;
mod sessions;
mod setup;
mod tasks;
mod tokens;
mod transfer;

/// Runs each check once per database.
macro_rules! conformance {
    ($($module:ident :: $check:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() -> super::bench::Outcome {
                    let bench = super::bench::Bench::sqlite().await?;
                    super::$module::$check(&bench).await?;
                    bench.clear().await
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() -> super::bench::Outcome {
                    let Some(bench) = super::bench::Bench::postgres(stringify!($check)).await? else {
                        return Ok(());
                    };
                    super::$module::$check(&bench).await?;
                    bench.clear().await
                }
            )*
        }
    };
}

conformance! {
    schema::migrating_twice_changes_nothing,
    schema::processes_that_start_together_take_turns,
    schema::operators_find_their_views,
    schema::who_only_looks_changes_nothing,
    schema::a_schema_of_a_later_release_is_refused_by_name,
    schema::every_earlier_schema_is_brought_up_to_date_with_what_is_in_it,
    transfer::every_table_comes_along,
    transfer::what_is_turned_back_is_as_it_was,
    transfer::what_was_recorded_stays_and_somebody_elses_backup_waits_for_silence,
    transfer::a_backup_is_one_sound_file_or_none,
    transfer::another_key_opens_everything_and_the_old_one_nothing,
    configuration::documents_come_back_as_they_were,
    configuration::secrets_are_not_readable_in_the_table,
    configuration::the_slower_of_two_changes_is_refused,
    configuration::a_commit_that_was_fetched_before_another_was_laid_down_is_refused,
    configuration::names_can_be_swapped_and_taken_names_are_refused,
    configuration::references_follow_their_documents,
    configuration::numbers_are_never_given_out_twice,
    history::groups_and_documents_are_stored_together_or_not_at_all,
    history::a_revision_knows_what_it_changed,
    history::what_several_revisions_changed_is_told_in_one,
    invitations::an_invitation_is_used_up_with_the_account_it_makes,
    invitations::invitations_are_listed_changed_and_swept,
    flow_tokens::a_link_is_taken_once_and_with_it_the_others,
    flow_tokens::mails_are_counted_by_name_and_by_account,
    flow_tokens::what_goes_to_phones_has_several_limits,
    factors::a_time_step_and_a_code_work_once,
    factors::failures_are_counted_until_something_is_right,
    factors::a_passkey_is_found_by_its_id_and_is_nobody_elses,
    invitations::authenticators_are_listed_renamed_and_go_with_their_owner,
    people::accounts_are_found_by_any_name,
    people::a_patch_touches_only_what_it_names,
    people::taken_names_and_bad_values_are_told_apart,
    people::passwords_are_kept_apart,
    people::a_deleted_user_leaves_nothing_behind,
    people::lists_filter_order_and_page,
    people::lists_follow_every_change,
    people::wildcards_mean_themselves,
    people::groups_and_memberships,
    memberships::times_count_for_every_look,
    memberships::the_end_is_told_once_and_of_superusers_never_forgotten,
    policies::sign_ins_are_counted_within_limits_and_for_a_while,
    policies::scores_are_listed_and_bounded,
    policies::as_many_old_passwords_are_kept_as_are_wanted,
    policies::a_retired_password_stays_as_old_as_it_is,
    principals::groups_are_inherited_even_around_a_cycle,
    principals::attributes_are_merged_ancestors_first,
    principals::superusers_are_found_through_nested_groups,
    principals::roles_are_held_until_they_are_taken_or_go,
    setup::the_set_up_closes_for_good_with_the_first_administrator,
    setup::whichever_way_somebody_becomes_one_the_set_up_is_over,
    setup::of_two_first_administrators_one_is_made,
    sessions::of_two_tabs_one_wins,
    sessions::a_login_leaves_its_traces_or_nothing,
    sessions::a_login_rotates_the_identifier,
    sessions::ending_a_session_ends_what_derives_from_it,
    sessions::ended_sessions_are_not_found_and_swept,
    sessions::lists_show_open_sessions_of_users,
    oauth::a_code_is_redeemed_exactly_once,
    oauth::a_replayed_code_takes_back_what_it_gave,
    oauth::of_a_family_that_is_used_twice_nothing_lives,
    oauth::tokens_end_with_session_user_and_revocation,
    oauth::a_device_code_is_approved_and_redeemed_once,
    oauth::what_counts_once_counts_once,
    oauth::a_key_stays_published_until_the_later_time,
    oauth::the_end_of_a_login_is_noticed_whatever_ended_it,
    oauth::what_a_provider_gave_goes_with_it,
    tokens::a_key_is_found_shown_and_replaced,
    tokens::lists_and_expiry,
    tokens::consents_are_renewed_in_place,
    logs::every_write_is_noted_for_other_nodes,
    logs::a_cursor_that_slept_says_so,
    logs::a_large_transaction_that_is_overtaken_is_read_whole,
    logs::events_are_listed_and_dropped,
    logs::events_are_found_by_what_they_are_about,
    logs::events_are_counted,
    logs::decisions_are_listed_and_dropped,
    tasks::of_two_workers_one_has_a_task,
    tasks::what_is_over_can_be_begun_again_and_is_forgotten,
    tasks::a_run_is_begun_once_and_told_of,
    tasks::people_are_told_and_see_it,
    logs::installation_facts_are_settled_once,
    scale::ten_thousand_users_are_searched_quickly,
    scale::pages_far_from_both_ends_are_the_right_ones_whatever_has_moved,
}
