-- Opportunities.

create index pipeline_by_code on pipeline (code);
create index stage_by_pipeline on stage (pipeline_id, position);
create index stage_by_code on stage (code);
-- With the owner: on a shared station it is asked of every row whose it is, and the index answers alone.
create index opportunity_by_customer on opportunity (customer_id, deleted_at, stage_id, owner_id);
create index opportunity_by_owner on opportunity (owner_id, deleted_at, stage_id);
create index opportunity_by_contact on opportunity (contact_id);
create index opportunity_by_code on opportunity (code);
create index opportunity_by_name on opportunity (name);
-- Lists are read newest first: filters are tried on this index, and only the rows of the page are read.
create index opportunity_by_opened
    on opportunity (deleted_at, opened_on, id, stage_id, owner_id, customer_id, product_id);
-- Statistics read this index and not the rows. (A partial index would not do: SQLite reads the row for deleted_at.)
create index opportunity_by_stage
    on opportunity (stage_id, deleted_at, closed_on, owner_id, currency, amount_minor, opened_on, stage_entered_on, created_at);
create index opportunity_product_by_opportunity on opportunity_product (opportunity_id);
create index opportunity_product_by_product on opportunity_product (product_id);
create index opportunity_member_by_user on opportunity_member (user_id);
create index opportunity_stage_event_by_opportunity on opportunity_stage_event (opportunity_id, to_stage_id);
create index assignment_by_opportunity on assignment (opportunity_id);
create index assignment_by_customer on assignment (customer_id);
create index assignment_by_receiver on assignment (to_user_id);

-- An opportunity with the names of what it points at, and its stage. state is the stage's kind.
create view opportunity_card as
select o.id, o.code, o.name, o.need, o.amount_minor, o.currency, o.expected_close_on, o.opened_on, o.closed_on,
       o.stage_entered_on, o.lost_reason, o.lost_note, o.source, o.competitor, o.next_step, o.forecast,
       o.customer_id, c.name as customer, o.contact_id, o.product_id, p.name as product,
       o.owner_id, u.name as owner, u.manager_id, u.branch_id,
       o.pipeline_id, l.code as pipeline_code, o.stage_id, s.code as stage_code, s.name_zh as stage_zh,
       s.name_en as stage_en, s.kind as state, s.position as stage_position, s.probability_bp, s.rot_days,
       o.created_at, o.updated_at
  from opportunity o
  join stage s on s.id = o.stage_id
  join pipeline l on l.id = o.pipeline_id
  left join customer c on c.id = o.customer_id
  left join product p on p.id = o.product_id
  left join app_user u on u.id = o.owner_id
 where o.deleted_at is null;
