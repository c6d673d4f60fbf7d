-- Customers.

create index customer_by_owner on customer (owner_id);
create index customer_by_branch on customer (branch_id, owner_id);
create index customer_by_parent on customer (parent_id);
create index customer_by_name on customer (name collate nocase);
create index customer_by_exact_name on customer (name);
create index customer_by_code on customer (code);
create index customer_by_phone on customer (phone);
create index customer_by_tax_number on customer (tax_number);
create index customer_share_by_user on customer_share (user_id);
create index contact_by_customer on contact (customer_id);
create index contact_by_name on contact (name);
create index customer_address_by_customer on customer_address (customer_id);
create index tag_by_name on tag (name);
create index customer_tag_by_tag on customer_tag (tag_id);

-- A customer with the names of what it points at.
create view customer_card as
select c.id, c.name, c.code, c.kind, c.type, c.level, c.industry, c.source, c.phone, c.email, c.website,
       c.tax_number, c.country, c.province, c.city, c.district, c.address, c.established_year,
       c.revenue_minor, c.revenue_currency, c.employees, c.remark, c.registered_on,
       c.parent_id, p.name as parent, c.owner_id, o.name as owner, c.branch_id, b.name as branch,
       c.created_at, c.updated_at
  from customer c
  left join customer p on p.id = c.parent_id
  left join app_user o on o.id = c.owner_id
  left join branch b on b.id = c.branch_id
 where c.deleted_at is null;

-- When somebody last spoke with a customer (a note is not a contact), and when somebody means to. Ask it for one
-- customer or a page of them: each date is one look into an index.
create view customer_contact_dates as
select c.id as customer_id,
       (select i.happened_at from interaction i
         where i.customer_id = c.id and i.deleted_at is null and i.kind <> 'note'
         order by i.happened_at desc limit 1) as last_contact_at,
       (select min(r.due_at) from reminder r
         where r.customer_id = c.id and r.done_at is null and r.deleted_at is null) as next_contact_at
  from customer c
 where c.deleted_at is null;

-- Where to drive to: the address to visit, else one that has a position, else any. One row a customer at most.
create view customer_place as
select c.id as customer_id, a.id as address_id, a.line, a.city, a.latitude_e6, a.longitude_e6
  from customer c
  join customer_address a
    on a.id = (select x.id from customer_address x
                where x.customer_id = c.id and x.deleted_at is null
                order by x.latitude_e6 is null, x.kind <> 'visit', x.id
                limit 1)
 where c.deleted_at is null;
