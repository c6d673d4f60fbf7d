-- @command reminder.set  Be reminded of something, or remind somebody of one's people.
-- @zh 设置提醒
-- @roles rep manager hq
-- @param id newid  The reminder's id, when the caller wants to choose it.
-- @param title text(300)  Of what.
-- @param due_at time  When it is due.
-- @param offset_minutes int(0..527040)=0  How long before that it rings: 0, 5, 15, 30, 60, 120, 1440, 2880 or 10080 minutes, say.
-- @param opportunity id(opportunity)?  The opportunity it is about.
-- @param customer id(customer)?  The customer it is about.
-- @param user id(app_user)?=me  Who is reminded; only managers remind others.
-- @param kind text(63)?  What it will be, from the list interaction_kind: call, visit …
-- @example title="Call Isdom back" due_at="2027-01-12 10:00" offset_minutes=15 customer=Isdom
select require(:user is null or :user = actor() or has_role('manager') or has_role('hq'),
               'reminder.not_own', 'user', 'Only managers remind others.'),
       require(:kind is null or exists (select 1 from list_item where list = 'interaction_kind' and code = :kind and active = 1),
               'list.unknown', 'kind', 'Not in the list; it has: ' || (select codes from list_choices where list = 'interaction_kind'));
insert into reminder (id, user_id, title, due_at, offset_minutes, opportunity_id, customer_id, planned_kind)
values (:id, coalesce(:user, actor()), :title, :due_at, :offset_minutes, :opportunity,
        coalesce(:customer, (select customer_id from opportunity where id = :opportunity)), :kind);
select id, title, due_at, rings_at from reminder_card where id = :id;

-- @command reminder.snooze  Let a reminder ring again later.
-- @zh 稍后提醒
-- @roles rep manager hq
-- @param reminder id(reminder)  The reminder.
-- @param minutes int(1..527040)=15  In how many minutes.
-- @param until time?  Until when instead.
-- @param preset enum(hour|evening|tomorrow|next_week)?  In an hour; today at 18:00 (in an hour when that is over); tomorrow or next Monday at 9:00.
-- @example reminder=01970000-0000-7000-8000-000000000000 preset=tomorrow
select require(done_at is null, 'reminder.done', 'reminder', 'It is done.') from reminder where id = :reminder;
-- A day is that of one's branch, as in followup.today.
with day as (
  select cast(strftime('%s', today()) as integer) * 1000
         - 60000 * coalesce((select b.utc_offset_minutes from app_user u join branch b on b.id = u.branch_id where u.id = actor()), 480) as start_at,
         cast(strftime('%w', today()) as integer) as weekday
)
update reminder
   set snoozed_to_at = coalesce(
         :until,
         (select case when :preset = 'hour' or (:preset = 'evening' and start_at + 64800000 <= now_ms()) then now_ms() + 3600000
                      when :preset = 'evening' then start_at + 64800000
                      when :preset = 'tomorrow' then start_at + 118800000
                      when :preset = 'next_week' then start_at + 32400000 + 86400000 * (7 - (weekday + 6) % 7) end
            from day),
         now_ms() + :minutes * 60000)
 where id = :reminder;
select id, title, due_at, rings_at from reminder_card where id = :reminder;

-- @command reminder.done  Close a reminder.
-- @zh 完成提醒
-- @roles rep manager hq
-- @param reminder id(reminder)  The reminder.
update reminder set done_at = now_ms() where id = :reminder and done_at is null;
select id, title, done_at from reminder_card where id = :reminder;

-- @command reminder.remove  Take a reminder back.
-- @zh 删除提醒
-- @roles rep manager hq
-- @param reminder id(reminder)  The reminder.
update reminder set deleted_at = now_ms() where id = :reminder and deleted_at is null;
select id, title from reminder where id = :reminder;
