-- @query attachment.list  Photos, signatures and documents of an opportunity or a customer, newest first.
-- @zh 附件列表
-- @roles rep manager hq
-- @param opportunity id(opportunity)?  Of this opportunity.
-- @param customer id(customer)?  Of this customer, those of its opportunities too.
-- @param limit int(1..1000)=200  At most so many.
select a.id, a.name, a.kind, a.media, a.size, lower(hex(a.file)) as file, a.note, a.taken_at,
       a.opportunity_id, o.name as opportunity, a.customer_id, u.name as added_by, a.created_by = actor() as mine
  from attachment a
  left join opportunity o on o.id = a.opportunity_id
  left join app_user u on u.id = a.created_by
 where a.deleted_at is null
   and (:opportunity is null or a.opportunity_id = :opportunity)
   and (:customer is null or a.customer_id = :customer)
 order by a.taken_at desc, a.id
 limit :limit;
