-- @command contact.add  Add a person at a customer.
-- @zh 新增联系人
-- @roles rep manager hq
-- @param id newid  The contact's id, when the caller wants to choose it.
-- @param customer id(customer)  The customer.
-- @param name text(100)  Name.
-- @param title text(100)?  Title.
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param chat text(100)?  Name in a chat such as WeChat.
-- @param decision_maker bool=no  Whether he decides.
-- @param primary bool=no  Whether he is the first to speak with; the customer's other contacts are not then.
-- @param remark text(2000)?  Remark.
-- @example customer=启明科技有限公司 name=王芳 title=采购经理 phone=13900001111 primary=yes
update contact set is_primary = 0 where customer_id = :customer and is_primary = 1 and :primary = 1;
insert into contact (id, customer_id, name, title, phone, email, chat, decision_maker, is_primary, remark)
values (:id, :customer, :name, :title, :phone, :email, :chat, :decision_maker, :primary, :remark);
select id, name, title, phone from contact where id = :id;

-- @command contact.edit  Change a contact; what is not given stays.
-- @zh 修改联系人
-- @roles rep manager hq
-- @param contact id(contact)  The contact.
-- @param name text(100)?  Name.
-- @param title text(100)?  Title.
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param chat text(100)?  Name in a chat such as WeChat.
-- @param decision_maker bool?  Whether he decides.
-- @param primary bool?  Whether he is the first to speak with.
-- @param remark text(2000)?  Remark.
-- @param clear json?  Fields to empty, such as ["title","remark"].
update contact
   set is_primary = 0
 where customer_id = (select customer_id from contact where id = :contact) and id <> :contact and is_primary = 1 and :primary = 1;
update contact
   set name = coalesce(:name, name),
       title = case when 'title' in (select value from json_each(:clear)) then null else coalesce(:title, title) end,
       phone = case when 'phone' in (select value from json_each(:clear)) then null else coalesce(:phone, phone) end,
       email = case when 'email' in (select value from json_each(:clear)) then null else coalesce(:email, email) end,
       chat = case when 'chat' in (select value from json_each(:clear)) then null else coalesce(:chat, chat) end,
       remark = case when 'remark' in (select value from json_each(:clear)) then null else coalesce(:remark, remark) end,
       decision_maker = coalesce(:decision_maker, decision_maker),
       is_primary = coalesce(:primary, is_primary)
 where id = :contact;
select id, name, title, phone, email from contact where id = :contact;

-- @command contact.remove  Remove a contact.
-- @zh 删除联系人
-- @roles rep manager hq
-- @param contact id(contact)  The contact.
update contact set deleted_at = now_ms() where id = :contact and deleted_at is null;
select id, name from contact where id = :contact;
