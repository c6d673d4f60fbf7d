-- @command attachment.add  Put a photo, a signature or a document with an opportunity or a customer.
-- @zh 添加附件
-- @roles rep manager hq
-- @param id newid  The attachment's id, when the caller wants to choose it.
-- @param opportunity id(opportunity)?  What it belongs to: an opportunity …
-- @param customer id(customer)?  … or a customer.
-- @param file file  The file, which this station must have: its hash, 64 hexadecimal digits.
-- @param size int(1..1099511627776)  Its size in bytes.
-- @param name text(200)  What people call it.
-- @param media text(100)=application/octet-stream  What kind of data it is, such as image/jpeg.
-- @param kind enum(photo|signature|document)=photo  What it shows.
-- @param note text(500)?  More about it.
-- @param taken_at time=now  When it was taken.
-- @example customer=启明科技有限公司 file=923f4da24f0f4e2ff5ce8a3c4a1e9a3a2f5b1d3c9d3b2a1f0e4c5d6b7a8f9e01 size=48211 name="Sign at the door" media=image/jpeg
select require(:opportunity is not null or :customer is not null,
               'attachment.subject', 'customer', 'Give an opportunity or a customer.');
insert into attachment (id, opportunity_id, customer_id, name, media, size, file, kind, note, taken_at)
values (:id, :opportunity, coalesce(:customer, (select customer_id from opportunity where id = :opportunity)),
        :name, :media, :size, :file, :kind, :note, :taken_at);
select id, name, kind, lower(hex(file)) as file, size from attachment where id = :id;

-- @command attachment.remove  Remove a file that one added oneself; headquarters and managers remove any.
-- @zh 删除附件
-- @roles rep manager hq
-- @param attachment id(attachment)  The file.
select require(created_by = actor() or has_role('manager') or has_role('hq'),
               'attachment.not_own', 'attachment', 'Only who added it, a manager or headquarters removes it.')
  from attachment
 where id = :attachment;
update attachment set deleted_at = now_ms() where id = :attachment and deleted_at is null;
select id, name from attachment where id = :attachment;
