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
-- @example title="Call Isdom back" due_at="2027-01-12 10:00" offset_minutes=15 customer=Isdom
select require(:user is null or :user = actor() or has_role('manager') or has_role('hq'),
               'reminder.not_own', 'user', 'Only managers remind others.');
insert into reminder (id, user_id, title, due_at, offset_minutes, opportunity_id, customer_id)
values (:id, coalesce(:user, actor()), :title, :due_at, :offset_minutes, :opportunity,
        coalesce(:customer, (select customer_id from opportunity where id = :opportunity)));
select id, title, due_at, rings_at from reminder_card where id = :id;

-- @command reminder.snooze  Let a reminder ring again later.
-- @zh 稍后提醒
-- @roles rep manager hq
-- @param reminder id(reminder)  The reminder.
-- @param minutes int(1..527040)=15  In how many minutes.
-- @param until time?  Until when instead.
select require(done_at is null, 'reminder.done', 'reminder', 'It is done.') from reminder where id = :reminder;
update reminder set snoozed_to_at = coalesce(:until, now_ms() + :minutes * 60000) where id = :reminder;
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
