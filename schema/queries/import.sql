-- @query import.known  What the company has of a kind, for an import to compare with: id, key and all that it may set.
-- @zh 导入前的已有记录
-- @roles hq
-- @param kind enum(branch|person|product|customer|opportunity|industry|stage)  Of what; stages: of the pipeline of imports, crm.
select b.id, b.code as key, json_array(b.name, b.region, b.utc_offset_minutes) as state
  from branch b
 where :kind = 'branch' and b.deleted_at is null
union all
select u.id, u.name, json_array(u.code, u.position, hex(u.branch_id), hex(u.manager_id))
  from app_user u
 where :kind = 'person' and u.deleted_at is null
union all
select p.id, p.code, json_array(p.name, p.series, p.list_price_minor, p.currency)
  from product p
 where :kind = 'product' and p.deleted_at is null
union all
select c.id, c.name,
       json_array(c.industry, c.country, c.established_year, c.revenue_minor, c.revenue_currency, c.employees,
                  hex(c.parent_id), hex(c.owner_id), hex(c.branch_id))
  from customer c
 where :kind = 'customer' and c.deleted_at is null
union all
select o.id, o.code,
       json_array(o.name, hex(o.customer_id), hex(o.product_id), hex(o.owner_id), hex(o.stage_id), o.amount_minor, o.currency,
                  o.opened_on, o.closed_on, o.lost_reason)
  from opportunity o
 where :kind = 'opportunity' and o.code is not null and o.deleted_at is null
union all
select l.id, l.code, ''
  from list_item l
 where :kind = 'industry' and l.list = 'industry'
union all
select s.id, s.code, s.kind
  from stage s
  join pipeline p on p.id = s.pipeline_id
 where :kind = 'stage' and p.code = 'crm';
