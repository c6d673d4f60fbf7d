-- @command interaction.log  Note down a call, visit or message, and when to speak next.
-- @zh 记录跟进
-- @roles rep manager hq
-- @param id newid  The interaction's id, when the caller wants to choose it.
-- @param opportunity id(opportunity)?  What it was about: an opportunity …
-- @param customer id(customer)?  … or a customer.
-- @param contact id(contact)?  With whom.
-- @param kind text(63)=call  What it was, from the list interaction_kind: call, sms, email, chat, visit, event or note.
-- @param outcome text(63)?  What came of it, from the list interaction_outcome.
-- @param summary text(8000)?  What was said.
-- @param at time=now  When it was.
-- @param minutes int(0..100000)?  How long it took.
-- @param latitude_e6 int(-90000000..90000000)?  Where a visit was: latitude in millionths of a degree.
-- @param longitude_e6 int(-180000000..180000000)?  Where a visit was: longitude in millionths of a degree.
-- @param accuracy_m int(0..10000000)?  How exact that position is: within so many metres.
-- @param next_at time?  When to speak next; makes a reminder in place of the open one.
-- @param next_title text(300)?  What to do then.
-- @param next_kind text(63)?  What that will be, from the list interaction_kind.
-- @param offset_minutes int(0..527040)=0  How long before that the reminder rings.
-- @param reminder newid  The new reminder's id, when the caller wants to choose it.
-- @example opportunity=1C1I7A6R kind=call outcome=interested summary="Wants an offer" next_at="2027-01-12 10:00"
-- @example customer=启明科技有限公司 kind=visit summary=参观机房
select require(:opportunity is not null or :customer is not null,
               'interaction.subject', 'customer', 'Give an opportunity or a customer.'),
       require(:at <= now_ms() + 300000, 'time.future', 'at', 'It lies in the future; plan it with reminder.set.'),
       require(:next_at is null or :next_at >= :at, 'time.order', 'next_at', 'The next contact lies before this one.'),
       require(exists (select 1 from list_item where list = 'interaction_kind' and code = :kind and active = 1),
               'list.unknown', 'kind', 'Not in the list; it has: ' || (select codes from list_choices where list = 'interaction_kind')),
       require(:outcome is null
               or exists (select 1 from list_item where list = 'interaction_outcome' and code = :outcome and active = 1),
               'list.unknown', 'outcome', 'Not in the list; it has: ' || (select codes from list_choices where list = 'interaction_outcome')),
       require(:next_kind is null or exists (select 1 from list_item where list = 'interaction_kind' and code = :next_kind and active = 1),
               'list.unknown', 'next_kind', 'Not in the list; it has: ' || (select codes from list_choices where list = 'interaction_kind'));
insert into interaction (id, opportunity_id, customer_id, contact_id, user_id, kind, outcome, summary, happened_at, minutes,
                         latitude_e6, longitude_e6, accuracy_m, next_at)
values (:id, :opportunity, coalesce(:customer, (select customer_id from opportunity where id = :opportunity)), :contact, actor(),
        :kind, :outcome, coalesce(:summary, ''), :at, :minutes, :latitude_e6, :longitude_e6, :accuracy_m, :next_at);
-- It answers the reminders about the same thing that are due within a day; a next date takes the place of all.
update reminder
   set done_at = now_ms()
 where user_id = actor() and done_at is null and deleted_at is null and task_id is null
   and ((:opportunity is not null and opportunity_id = :opportunity)
        or (:opportunity is null and opportunity_id is null and customer_id = :customer))
   and (:next_at is not null or (:kind <> 'note' and due_at <= now_ms() + 86400000));
insert into reminder (id, user_id, title, due_at, offset_minutes, opportunity_id, customer_id, interaction_id, planned_kind)
select :reminder, actor(), coalesce(:next_title, o.next_step, o.name, c.name), :next_at, :offset_minutes, i.opportunity_id, i.customer_id, i.id,
       :next_kind
  from interaction i
  left join opportunity o on o.id = i.opportunity_id
  left join customer c on c.id = i.customer_id
 where i.id = :id and :next_at is not null;
select i.id, i.kind, i.outcome, i.happened_at, i.next_at,
       (select count(*) from reminder r where r.id = :reminder) as reminders_made
  from interaction i
 where i.id = :id;

-- @command interaction.edit  Correct one's own entry.
-- @zh 修改跟进记录
-- @roles rep manager hq
-- @param interaction id(interaction)  The entry.
-- @param outcome text(63)?  What came of it, from the list interaction_outcome.
-- @param summary text(8000)?  What was said.
-- @param minutes int(0..100000)?  How long it took.
select require(user_id = actor() or has_role('hq'), 'interaction.not_own', 'interaction', 'Only who wrote it corrects it.')
  from interaction
 where id = :interaction;
update interaction
   set outcome = coalesce(:outcome, outcome), summary = coalesce(:summary, summary), minutes = coalesce(:minutes, minutes)
 where id = :interaction;
select id, kind, outcome, summary from interaction where id = :interaction;

-- @command interaction.remove  Remove one's own entry.
-- @zh 删除跟进记录
-- @roles rep manager hq
-- @param interaction id(interaction)  The entry.
select require(user_id = actor() or has_role('hq'), 'interaction.not_own', 'interaction', 'Only who wrote it removes it.')
  from interaction
 where id = :interaction;
update interaction set deleted_at = now_ms() where id = :interaction and deleted_at is null;
select id, kind from interaction where id = :interaction;
