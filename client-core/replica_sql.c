/*
 * The tables that a station keeps beside the domain's: who it is, how far it has got, what waits
 * to be sent, and the rows as headquarters last sent them. None is synced.
 */
#include "client-core/replica.h"

/* Headquarters' program was newer than the one that had this replica before, whose version user_version still is. */
#define MISSED                                               \
    "(select user_version from pragma_user_version) > 0 and" \
    " (select user_version from pragma_user_version) <"      \
    " (select value from station_setting where name = 'server_schema_version')"

const char replica_tables_sql[] =
    /* Who this station is and whom it trusts, by name. */
    "create table if not exists station_setting ("
    "  name text not null primary key,"
    "  value any"
    ") strict, without rowid;"
    /* How far it has got: one row, read by every command. */
    "create table if not exists station_progress ("
    "  id integer not null primary key check (id = 1),"
    "  cursor integer not null default 0," /* gsn up to which everything was applied */
    "  held blob not null default x'',"    /* scopes the cursor is about, 17 bytes each */
    "  position blob,"                     /* where a pull in several responses goes on */
    "  digest integer not null default 0," /* of the rows headquarters gave */
    "  digest_rows integer not null default 0,"
    "  request_counter integer not null default 0," /* counters below it may have been used */
    "  anchor_hq_ms integer," /* NULL: headquarters' time is not known */
    "  anchor_wall_ms integer,"
    "  anchor_boot_ms integer,"
    "  anchor_boot blob"
    ") strict;"
    "insert into station_progress (id) values (1) on conflict (id) do nothing;"
    /* Every transaction that was made here, in local order. `active`: applied over the rows
     * of headquarters and to be run again after a pull; until its verdict's gsn is passed. */
    "create table if not exists station_outbox ("
    "  position integer not null primary key,"
    "  id blob not null,"
    "  wall_ms integer not null,"
    "  boot_ms integer not null,"
    "  boot blob not null,"
    "  time integer not null," /* HLC; made anew at sealing */
    "  base integer not null,"
    "  user_id blob not null,"
    "  command text not null,"
    "  changes blob not null,"
    "  bundle integer," /* position of its bundle; NULL: not sealed yet */
    "  active integer not null default 1,"
    "  verdict integer," /* enum verdict_kind; NULL: not known yet */
    "  gsn integer,"
    "  code text not null default ''," /* refused: why */
    "  field text not null default '',"
    "  message text not null default '',"
    "  answered_at integer,"
    "  attention_code text," /* it no longer applies: why */
    "  attention_message text,"
    "  former blob," /* the values before, as changes of the updated rows; NULL: not known */
    "  epoch integer,"    /* the history that the base is of; NULL: the first */
    "  lost_gsn integer," /* what headquarters gave it in a history that it lost */
    "  retired integer not null default 0" /* refused, and done again or given up */
    ") strict;"
    "create unique index if not exists station_outbox_id on station_outbox (id);"
    "create index if not exists station_outbox_unsealed on station_outbox (position) where bundle is null;"
    "create index if not exists station_outbox_active on station_outbox (position) where active = 1;"
    "create index if not exists station_outbox_unanswered on station_outbox (position) where verdict is null;"
    "create index if not exists station_outbox_bundle on station_outbox (bundle) where bundle is not null;"
    /* The certificates before the present one, oldest first: shown to a headquarters that lost them. */
    "create table if not exists station_paper ("
    "  position integer not null primary key,"
    "  certificate blob not null"
    ") strict;"
    /* Sealed work, immutable, kept for a while after headquarters answered. `device`: who sealed it, when this station
     * was another device then; NULL: this one. */
    "create table if not exists station_bundle ("
    "  position integer not null primary key,"
    "  device blob,"
    "  number integer not null," /* in the chain of its device */
    "  sealed blob not null,"
    "  hash blob not null,"
    "  last_seq integer not null,"
    "  transactions integer not null,"
    "  sent_at integer,"
    "  answered_at integer,"
    "  code text not null default '',"
    "  epoch integer not null default 1,"   /* the history that the bases are of */
    "  deferred integer not null default 0" /* answered, but not about all of it */
    ") strict;"
    "create index if not exists station_bundle_open on station_bundle (position) where answered_at is null;"
    /* Rows with pending work as headquarters last sent them. A touched row without an image
     * and with gsn 0 is one that headquarters does not know. */
    "create table if not exists station_image ("
    "  table_number integer not null,"
    "  row_key blob not null,"
    "  image blob not null,"
    "  primary key (table_number, row_key)"
    ") strict, without rowid;"
    /* Chunks of a pull that has not reached head yet, verbatim. */
    "create table if not exists station_staging ("
    "  position integer not null primary key,"
    "  chunk blob not null"
    ") strict;"
    /* Rows of headquarters that this replica could not take, with why. */
    "create table if not exists station_misfit ("
    "  table_number integer not null,"
    "  row_key blob not null,"
    "  gsn integer not null,"
    "  image blob not null,"
    "  message text not null,"
    "  primary key (table_number, row_key)"
    ") strict, without rowid;"
    /* Files whose bytes are in HOME/files. `own`: added here. Headquarters of epoch `whole_epoch` has it
     * whole; `retry_at`: it is left alone until then, because of `code`. */
    "create table if not exists station_file ("
    "  hash blob not null primary key,"
    "  size integer not null,"
    "  own integer not null,"
    "  attached integer not null default 0," /* a command named it */
    "  at integer not null,"
    "  used_at integer not null,"
    "  sent integer not null default 0,"
    "  whole_epoch integer,"
    "  retry_at integer not null default 0,"
    "  code text not null default ''"
    ") strict, without rowid;"
    /* Who added them: nobody names a file that he only knows the hash of. */
    "create table if not exists station_file_user ("
    "  hash blob not null,"
    "  user_id blob not null,"
    "  primary key (hash, user_id)"
    ") strict, without rowid;"
    /* What was asked of headquarters through a file, as sync requests without their bundles: an
     * answer may come weeks later. */
    "create table if not exists station_question ("
    "  hash blob not null primary key," /* of the request's body, which the answer names */
    "  asked_at integer not null,"
    "  request blob not null"
    ") strict, without rowid;"
    /* Rows that are in more than one of this station's scopes: how many. */
    "create table if not exists station_places ("
    "  table_number integer not null,"
    "  row_key blob not null,"
    "  places integer not null,"
    "  primary key (table_number, row_key)"
    ") strict, without rowid;"
    /* What the program before did not know was left out for it: everything comes again (rebuild.h). */
    "delete from station_staging where " MISSED ";"
    "update station_progress set position = null where " MISSED ";"
    "insert into station_setting (name, value) select 'rebuild', 'schema' where " MISSED
    "  on conflict (name) do update set value = excluded.value where value = '';"
    /* Secrets of the people of this station (Argon2id), with what slows guessing down. */
    "create table if not exists station_credential ("
    "  user_id blob not null primary key,"
    "  secret blob not null," /* version, salt (16), hash (32) */
    "  failures integer not null default 0,"
    "  wait_until_ms integer not null default 0"
    ") strict, without rowid;";
