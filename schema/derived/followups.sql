-- Interactions, tasks and reminders.

create index interaction_by_opportunity on interaction (opportunity_id, happened_at);
create index interaction_by_customer on interaction (customer_id, happened_at);
create index interaction_by_user on interaction (user_id, happened_at);
create index task_by_opportunity on task (opportunity_id);
create index task_by_customer on task (customer_id);
create index task_by_assignee on task (assignee_id, due_at);
create index reminder_by_user on reminder (user_id, done_at, due_at);
create index reminder_by_opportunity on reminder (opportunity_id);
create index reminder_by_customer on reminder (customer_id);
create index reminder_by_task on reminder (task_id);
create index notice_by_user on notice (user_id, read_at);
create index conflict_by_loser on conflict (loser_user_id);
create index conflict_by_winner on conflict (winner_user_id);
create index refusal_by_user on refusal (user_id);

-- When a reminder rings: when its snooze is over, else that long before it is due.
create view reminder_card as
select r.id, r.user_id, r.title, r.due_at, r.offset_minutes,
       coalesce(r.snoozed_to_at, r.due_at - r.offset_minutes * 60000) as rings_at,
       r.done_at, r.opportunity_id, o.name as opportunity, r.customer_id, c.name as customer, r.task_id, r.planned_kind, c.phone as customer_phone
  from reminder r
  left join opportunity o on o.id = r.opportunity_id
  left join customer c on c.id = r.customer_id
 where r.deleted_at is null;

-- What people call a row of a table, where a notice or a conflict names the table by its number.
create view record_kind as
select column1 as table_number, column2 as subject
  from (values (10, 'person'), (11, 'person'), (14, 'branch'), (15, 'membership'), (20, 'setting'), (21, 'list_item'), (25, 'product'),
               (30, 'customer'), (31, 'customer_share'), (32, 'contact'), (33, 'address'), (34, 'tag'), (35, 'customer_tag'),
               (40, 'pipeline'), (41, 'stage'), (42, 'opportunity'), (43, 'product_line'), (44, 'member'), (46, 'assignment'),
               (50, 'interaction'), (51, 'task'), (52, 'reminder'), (53, 'attachment'), (200, 'conflict'), (201, 'refusal'), (202, 'notice'));
