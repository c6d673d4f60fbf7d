-- @command customer.register  Add a customer, with a first contact if wanted.
-- @zh 登记客户
-- @roles rep manager hq
-- @param id newid  The customer's id, when the caller wants to choose it.
-- @param name text(200)  Its name.
-- @param code text(63)?  A short code, if the company gives such.
-- @param kind enum(company|person)=company  Company or person.
-- @param level text(63)?  Level, from the list customer_level: a, b or c.
-- @param type text(63)?  Type, from the list customer_type.
-- @param industry text(63)?  Industry, from the list industry.
-- @param source text(63)?  How it came to us, from the list source.
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param website text(300)?  Website.
-- @param tax_number text(40)?  Tax number (统一社会信用代码, 18 characters).
-- @param country text(100)?  Country.
-- @param province text(100)?  Province.
-- @param city text(100)?  City.
-- @param district text(100)?  District.
-- @param address text(300)?  Street and house.
-- @param established_year int(1000..3000)?  Year it was founded.
-- @param revenue money?  Yearly revenue.
-- @param revenue_currency text(3)?  Currency of the revenue; the company's when not given.
-- @param employees int(0..100000000)?  Number of employees.
-- @param parent id(customer)?  The customer that it belongs to.
-- @param remark text(4000)?  Remark.
-- @param owner id(app_user)?=me  Who looks after it; only managers choose somebody else.
-- @param pool bool=no  Put it into the branch's pool instead: it has no owner then.
-- @param branch id(branch)?  Its branch; the owner's when not given.
-- @param contact_name text(100)?  First contact: name.
-- @param contact_title text(100)?  First contact: title.
-- @param contact_phone text(40)?  First contact: phone.
-- @param contact_email text(200)?  First contact: e-mail.
-- @param duplicate_ok bool=no  Add it although one with this name, phone or tax number is there.
-- @example name=启明科技有限公司 phone=010-88886666 level=a industry=technology contact_name=王芳
-- A tax number of 18 characters is a unified social credit code: its last character checks the others (GB 32100).
select require(:level is null or exists (select 1 from list_item where list = 'customer_level' and code = :level and active = 1),
               'list.unknown', 'level', 'Not in the list; it has: ' || (select codes from list_choices where list = 'customer_level')),
       require(:type is null or exists (select 1 from list_item where list = 'customer_type' and code = :type and active = 1),
               'list.unknown', 'type', 'Not in the list; it has: ' || (select codes from list_choices where list = 'customer_type')),
       require(:industry is null or exists (select 1 from list_item where list = 'industry' and code = :industry and active = 1),
               'list.unknown', 'industry', 'Not in the list; it has: ' || (select codes from list_choices where list = 'industry')),
       require(:source is null or exists (select 1 from list_item where list = 'source' and code = :source and active = 1),
               'list.unknown', 'source', 'Not in the list; it has: ' || (select codes from list_choices where list = 'source')),
       require(:tax_number is null or length(:tax_number) <> 18
               or (select (31 - sum((instr('0123456789ABCDEFGHJKLMNPQRTUWXY', upper(substr(:tax_number, key + 1, 1))) - 1) * value) % 31) % 31
                     from json_each('[1,3,9,27,19,26,16,17,20,29,25,13,8,24,10,30,28]'))
                  = instr('0123456789ABCDEFGHJKLMNPQRTUWXY', upper(substr(:tax_number, 18, 1))) - 1,
               'tax_number.invalid', 'tax_number', 'The check digit is wrong; compare the 18 characters with the licence.'),
       require(:owner is null or :owner = actor() or has_role('manager') or has_role('hq'),
               'customer.owner', 'owner', 'Only managers give a customer to somebody else.'),
       require(:duplicate_ok = 1
               or not exists (select 1 from customer where name = :name collate nocase and deleted_at is null),
               'customer.duplicate', 'name', 'A customer with this name is there already; say duplicate_ok=yes if this is another one.'),
       require(:duplicate_ok = 1 or :phone is null
               or not exists (select 1 from customer where phone = :phone and deleted_at is null),
               'customer.duplicate', 'phone', 'A customer with this phone is there already; say duplicate_ok=yes if this is another one.'),
       require(:duplicate_ok = 1 or :tax_number is null
               or not exists (select 1 from customer where tax_number = upper(:tax_number) and deleted_at is null),
               'customer.duplicate', 'tax_number', 'A customer with this tax number is there already; say duplicate_ok=yes if this is another one.');
insert into customer (id, name, code, kind, level, type, industry, source, phone, email, website, tax_number,
                      country, province, city, district, address, established_year, revenue_minor, revenue_currency,
                      employees, parent_id, remark, owner_id, branch_id, registered_on)
select :id, :name, :code, :kind, :level, :type, :industry, :source, :phone, :email, :website, upper(:tax_number),
       :country, :province, :city, :district, :address, :established_year, :revenue,
       case when :revenue is not null then coalesce(upper(:revenue_currency), currency) end,
       :employees, :parent, :remark, case when :pool = 1 then null else coalesce(:owner, actor()) end,
       coalesce(:branch, (select branch_id from app_user where id = coalesce(:owner, actor()))), today()
  from company;
insert into contact (id, customer_id, name, title, phone, email, is_primary)
select new_id(), :id, :contact_name, :contact_title, :contact_phone, :contact_email, 1
 where :contact_name is not null;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id)
select new_id(), owner_id, 'customer.assigned', 30, id, name, actor()
  from customer
 where id = :id and owner_id <> actor();
select id, name, owner_id, branch_id from customer where id = :id;

-- @command customer.edit  Change a customer's card; what is not given stays.
-- @zh 修改客户资料
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param name text(200)?  Its name.
-- @param code text(63)?  A short code.
-- @param kind enum(company|person)?  Company or person.
-- @param level text(63)?  Level, from the list customer_level: a, b or c.
-- @param type text(63)?  Type, from the list customer_type.
-- @param industry text(63)?  Industry, from the list industry.
-- @param source text(63)?  How it came to us, from the list source.
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param website text(300)?  Website.
-- @param tax_number text(40)?  Tax number (统一社会信用代码, 18 characters).
-- @param country text(100)?  Country.
-- @param province text(100)?  Province.
-- @param city text(100)?  City.
-- @param district text(100)?  District.
-- @param address text(300)?  Street and house.
-- @param established_year int(1000..3000)?  Year it was founded.
-- @param revenue money?  Yearly revenue.
-- @param revenue_currency text(3)?  Currency of the revenue; the company's when not given.
-- @param employees int(0..100000000)?  Number of employees.
-- @param parent id(customer)?  The customer that it belongs to.
-- @param remark text(4000)?  Remark.
-- @param branch id(branch)?  Its branch.
-- @param clear json?  Fields to empty, such as ["phone","remark"].
-- @example customer=启明科技有限公司 phone=010-88887777
-- @example customer=启明科技有限公司 clear='["website"]'
-- A tax number of 18 characters is a unified social credit code: its last character checks the others (GB 32100).
select require(:level is null or exists (select 1 from list_item where list = 'customer_level' and code = :level and active = 1),
               'list.unknown', 'level', 'Not in the list; it has: ' || (select codes from list_choices where list = 'customer_level')),
       require(:type is null or exists (select 1 from list_item where list = 'customer_type' and code = :type and active = 1),
               'list.unknown', 'type', 'Not in the list; it has: ' || (select codes from list_choices where list = 'customer_type')),
       require(:industry is null or exists (select 1 from list_item where list = 'industry' and code = :industry and active = 1),
               'list.unknown', 'industry', 'Not in the list; it has: ' || (select codes from list_choices where list = 'industry')),
       require(:source is null or exists (select 1 from list_item where list = 'source' and code = :source and active = 1),
               'list.unknown', 'source', 'Not in the list; it has: ' || (select codes from list_choices where list = 'source')),
       require(:tax_number is null or length(:tax_number) <> 18
               or (select (31 - sum((instr('0123456789ABCDEFGHJKLMNPQRTUWXY', upper(substr(:tax_number, key + 1, 1))) - 1) * value) % 31) % 31
                     from json_each('[1,3,9,27,19,26,16,17,20,29,25,13,8,24,10,30,28]'))
                  = instr('0123456789ABCDEFGHJKLMNPQRTUWXY', upper(substr(:tax_number, 18, 1))) - 1,
               'tax_number.invalid', 'tax_number', 'The check digit is wrong; compare the 18 characters with the licence.'),
       require(not exists (select 1 from json_each(:clear)
                            where value not in ('code', 'level', 'type', 'industry', 'source', 'phone', 'email', 'website', 'tax_number',
                                                'country', 'province', 'city', 'district', 'address', 'established_year', 'revenue',
                                                'employees', 'parent', 'remark')),
               'clear.unknown', 'clear', 'A list of fields that may be empty, such as ["phone","remark"].'),
       require(:parent is null or :parent <> :customer, 'customer.parent_self', 'parent', 'A customer does not belong to itself.');
update customer
   set name = coalesce(:name, name),
       code = case when 'code' in (select value from json_each(:clear)) then null else coalesce(:code, code) end,
       kind = coalesce(:kind, kind),
       level = case when 'level' in (select value from json_each(:clear)) then null else coalesce(:level, level) end,
       type = case when 'type' in (select value from json_each(:clear)) then null else coalesce(:type, type) end,
       industry = case when 'industry' in (select value from json_each(:clear)) then null else coalesce(:industry, industry) end,
       source = case when 'source' in (select value from json_each(:clear)) then null else coalesce(:source, source) end,
       phone = case when 'phone' in (select value from json_each(:clear)) then null else coalesce(:phone, phone) end,
       email = case when 'email' in (select value from json_each(:clear)) then null else coalesce(:email, email) end,
       website = case when 'website' in (select value from json_each(:clear)) then null else coalesce(:website, website) end,
       tax_number = case when 'tax_number' in (select value from json_each(:clear)) then null else coalesce(upper(:tax_number), tax_number) end,
       country = case when 'country' in (select value from json_each(:clear)) then null else coalesce(:country, country) end,
       province = case when 'province' in (select value from json_each(:clear)) then null else coalesce(:province, province) end,
       city = case when 'city' in (select value from json_each(:clear)) then null else coalesce(:city, city) end,
       district = case when 'district' in (select value from json_each(:clear)) then null else coalesce(:district, district) end,
       address = case when 'address' in (select value from json_each(:clear)) then null else coalesce(:address, address) end,
       established_year = case when 'established_year' in (select value from json_each(:clear)) then null else coalesce(:established_year, established_year) end,
       revenue_minor = case when 'revenue' in (select value from json_each(:clear)) then null else coalesce(:revenue, revenue_minor) end,
       revenue_currency = case when 'revenue' in (select value from json_each(:clear)) then null
                               when :revenue is not null then coalesce(upper(:revenue_currency), revenue_currency, (select currency from company))
                               else coalesce(upper(:revenue_currency), revenue_currency) end,
       employees = case when 'employees' in (select value from json_each(:clear)) then null else coalesce(:employees, employees) end,
       parent_id = case when 'parent' in (select value from json_each(:clear)) then null else coalesce(:parent, parent_id) end,
       remark = case when 'remark' in (select value from json_each(:clear)) then null else coalesce(:remark, remark) end,
       branch_id = coalesce(:branch, branch_id)
 where id = :customer;
select id, name, phone, email, level, industry from customer where id = :customer;

-- @command customer.delete  Delete a customer. It can be restored.
-- @zh 删除客户
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
select require(owner_id = actor() or has_role('manager') or has_role('hq'),
               'customer.not_owner', 'customer', 'Only its owner or a manager does this.')
  from customer
 where id = :customer;
select require(not exists (select 1 from opportunity o join stage s on s.id = o.stage_id
                            where o.customer_id = :customer and o.deleted_at is null and s.kind = 'open'),
               'customer.open_opportunities', 'customer', 'It has open opportunities; close them first.');
update customer set deleted_at = now_ms() where id = :customer and deleted_at is null;
select id, name from customer where id = :customer;

-- @command customer.restore  Bring a deleted customer back.
-- @zh 恢复客户
-- @roles rep manager hq
-- @param customer any(customer)  The customer's id.
select require(owner_id = actor() or has_role('manager') or has_role('hq'),
               'customer.not_owner', 'customer', 'Only its owner or a manager does this.')
  from customer
 where id = :customer;
update customer set deleted_at = null where id = :customer and deleted_at is not null;
select id, name from customer where id = :customer;

-- @command customer.share  Let a colleague work with a customer: he sees its card, contacts and common history.
-- @zh 共享客户
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param with id(app_user)  The colleague.
-- @param note text(500)?  Why.
-- @example customer=启明科技有限公司 with=lml
select require(owner_id = actor() or has_role('manager') or has_role('hq'),
               'customer.not_owner', 'customer', 'Only its owner or a manager does this.')
  from customer
 where id = :customer;
select require(active = 1, 'person.inactive', 'with', 'He does not work here any more.') from app_user where id = :with;
insert into customer_share (customer_id, user_id, note)
values (:customer, :with, :note)
on conflict (customer_id, user_id) do update set deleted_at = null, note = excluded.note where customer_share.deleted_at is not null;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), :with, 'customer.shared', 30, id, name, actor(), :note
  from customer
 where id = :customer and :with <> actor()
   and exists (select 1 from customer_share where customer_id = :customer and user_id = :with and deleted_at is null);
select c.id, c.name, u.name as shared_with from customer c join app_user u on u.id = :with where c.id = :customer;

-- @command customer.unshare  Stop sharing a customer with a colleague.
-- @zh 取消共享
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param with id(app_user)  The colleague.
select require(owner_id = actor() or :with = actor() or has_role('manager') or has_role('hq'),
               'customer.not_owner', 'customer', 'Only its owner or a manager does this.')
  from customer
 where id = :customer;
update customer_share
   set deleted_at = now_ms()
 where customer_id = :customer and user_id = :with and deleted_at is null;
select id, name from customer where id = :customer;

-- @command customer.assign  Hand a customer to another salesperson, or to the pool.
-- @zh 移交客户
-- @roles manager hq
-- @param customer id(customer)  The customer.
-- @param to id(app_user)?  The new owner; without one it goes to the pool of its branch.
-- @param note text(500)?  Why.
-- @example customer=启明科技有限公司 to=lml note=区域调整
select require(active = 1, 'person.inactive', 'to', 'He does not work here any more.') from app_user where id = :to;
select require(owner_id is distinct from :to, 'customer.same_owner', 'to', 'It is there already.') from customer where id = :customer;
insert into assignment (id, customer_id, from_user_id, to_user_id, note, contact_by_at)
select new_id(), id, owner_id, :to, :note,
       now_ms() + 3600000 * (select cast(value as integer) from setting where name = 'follow_up.first_contact_hours')
  from customer
 where id = :customer;
-- Both are told: who has it now, and who had it.
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), u.id, case when u.id = :to then 'customer.assigned' else 'customer.handed_over' end, 30, c.id, c.name, actor(), :note
  from customer c
  join app_user u on u.id in (c.owner_id, :to)
 where c.id = :customer and u.id <> actor();
update customer
   set owner_id = :to,
       branch_id = coalesce((select branch_id from app_user where id = :to), branch_id)
 where id = :customer;
select c.id, c.name, u.name as owner from customer c left join app_user u on u.id = c.owner_id where c.id = :customer;

-- @command customer.claim  Take a customer from the pool.
-- @zh 领取公海客户
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @example customer=启明科技有限公司
select require(owner_id is null, 'customer.claimed', 'customer', 'It has an owner already.')
  from customer
 where id = :customer;
select require((select count(*) from customer where owner_id = actor() and deleted_at is null)
               < (select cast(value as integer) from setting where name = 'pool.claim_limit'),
               'pool.limit', 'customer', 'You have as many customers as the company allows; release one first.')
 where exists (select 1 from setting where name = 'pool.claim_limit' and value <> '0');
insert into assignment (id, customer_id, to_user_id, reason)
values (new_id(), :customer, actor(), 'claim');
update customer set owner_id = actor() where id = :customer and owner_id is null;
select id, name from customer where id = :customer;

-- @command customer.release  Give a customer back to the pool of its branch.
-- @zh 退回公海
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param note text(500)?  Why.
select require(owner_id = actor() or has_role('manager') or has_role('hq'),
               'customer.not_owner', 'customer', 'Only its owner or a manager does this.')
  from customer
 where id = :customer;
insert into assignment (id, customer_id, from_user_id, note, reason)
select new_id(), id, owner_id, :note, 'release'
  from customer
 where id = :customer and owner_id is not null;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), owner_id, 'customer.handed_over', 30, id, name, actor(), :note
  from customer
 where id = :customer and owner_id <> actor();
update customer
   set owner_id = null,
       branch_id = coalesce(branch_id, (select branch_id from app_user where id = owner_id))
 where id = :customer;
select id, name from customer where id = :customer;

-- @command customer.tag  Mark a customer with a word.
-- @zh 添加客户标签
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param tag text(63)  The word.
-- @example customer=启明科技有限公司 tag=展会
insert into tag (id, name)
values (text_key('tag/' || fold(:tag)), :tag)
on conflict (id) do nothing;
insert into customer_tag (customer_id, tag_id)
values (:customer, text_key('tag/' || fold(:tag)))
on conflict (customer_id, tag_id) do update set deleted_at = null where customer_tag.deleted_at is not null;
select id, name from customer where id = :customer;

-- @command customer.untag  Take a tag from a customer.
-- @zh 移除客户标签
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param tag text(63)  The word.
update customer_tag
   set deleted_at = now_ms()
 where customer_id = :customer and tag_id = text_key('tag/' || fold(:tag)) and deleted_at is null;
select id, name from customer where id = :customer;

-- @command customer.add_address  Add an address to bill, ship or visit.
-- @zh 新增客户地址
-- @roles rep manager hq
-- @param id newid  The address's id, when the caller wants to choose it.
-- @param customer id(customer)  The customer.
-- @param kind enum(bill|ship|visit)=ship  What it is for.
-- @param country text(100)?  Country.
-- @param province text(100)?  Province.
-- @param city text(100)?  City.
-- @param district text(100)?  District.
-- @param line text(300)  Street and house.
-- @param latitude_e6 int(-90000000..90000000)?  Position: latitude in millionths of a degree.
-- @param longitude_e6 int(-180000000..180000000)?  Position: longitude in millionths of a degree.
-- @param recipient text(100)?  Who receives there.
-- @param phone text(40)?  His phone.
insert into customer_address (id, customer_id, kind, country, province, city, district, line, latitude_e6, longitude_e6, recipient, phone)
values (:id, :customer, :kind, :country, :province, :city, :district, :line, :latitude_e6, :longitude_e6, :recipient, :phone);
select id, kind, line from customer_address where id = :id;

-- @command customer.remove_address  Remove an address.
-- @zh 删除客户地址
-- @roles rep manager hq
-- @param address id(customer_address)  The address.
update customer_address set deleted_at = now_ms() where id = :address and deleted_at is null;
select id, kind, line from customer_address where id = :address;

-- @command customer.import  Add a customer from a file, once: found again by code or name.
-- @zh 导入客户
-- @roles hq
-- @may_noop
-- @param key text(200)  What names it in the file; its name when no other is given.
-- @param name text(200)?  Its name.
-- @param code text(63)?  A short code.
-- @param industry text(63)?  Industry; one that the list lacks is added to it.
-- @param level text(63)?  Level, from the list customer_level.
-- @param source text(63)?  How it came to us, from the list source.
-- @param phone text(40)?  Phone.
-- @param email text(200)?  E-mail.
-- @param website text(300)?  Website.
-- @param tax_number text(40)?  Tax number.
-- @param country text(100)?  Country.
-- @param province text(100)?  Province.
-- @param city text(100)?  City.
-- @param district text(100)?  District.
-- @param address text(300)?  Street and house.
-- @param established_year int(1000..3000)?  Year it was founded.
-- @param revenue money?  Yearly revenue.
-- @param revenue_currency text(3)?  Currency of the revenue; the company's when not given.
-- @param employees int(0..100000000)?  Number of employees.
-- @param parent id(customer)?  The customer that it belongs to (import parents first).
-- @param owner id(app_user)?  Who looks after it; without one it lies in the pool.
-- @param branch id(branch)?  Its branch; the owner's when not given.
-- @param remark text(4000)?  Remark.
-- @param registered_on date?  When it became a customer in our books, if known.
-- @param mode enum(skip|update)=skip  What to do when there is such a customer already.
-- @example key="Acme Corporation" industry=technology country="United States" owner="Anna Snelling"
insert into list_item (id, list, code, name_zh, name_en, position)
select text_key('list/industry/' || :industry), 'industry', :industry, :industry, :industry, 1000
 where :industry is not null and not exists (select 1 from list_item where list = 'industry' and code = :industry)
on conflict (id) do nothing;
insert into customer (id, name, code, level, industry, source, phone, email, website, tax_number, country, province,
                      city, district, address, established_year, revenue_minor, revenue_currency, employees, parent_id,
                      owner_id, branch_id, remark, registered_on)
select text_key('customer/' || :key), coalesce(:name, :key), :code, :level, :industry, :source, :phone, :email, :website, upper(:tax_number),
       :country, :province, :city, :district, :address, :established_year, :revenue,
       case when :revenue is not null then coalesce(upper(:revenue_currency), currency) end, :employees, :parent,
       :owner, coalesce(:branch, (select branch_id from app_user where id = :owner)), :remark, :registered_on
  from company
 where not exists (select 1 from customer where code = :code and deleted_at is null)
   and not exists (select 1 from customer where name = coalesce(:name, :key) collate nocase and deleted_at is null)
on conflict (id) do nothing;
update customer
   set level = coalesce(:level, level), industry = coalesce(:industry, industry), source = coalesce(:source, source),
       phone = coalesce(:phone, phone), email = coalesce(:email, email), website = coalesce(:website, website),
       tax_number = coalesce(upper(:tax_number), tax_number), country = coalesce(:country, country),
       province = coalesce(:province, province), city = coalesce(:city, city), district = coalesce(:district, district),
       address = coalesce(:address, address), established_year = coalesce(:established_year, established_year),
       revenue_minor = coalesce(:revenue, revenue_minor),
       revenue_currency = coalesce(upper(:revenue_currency), revenue_currency, case when :revenue is not null then (select currency from company) end),
       employees = coalesce(:employees, employees), parent_id = coalesce(:parent, parent_id), owner_id = coalesce(:owner, owner_id),
       branch_id = coalesce(:branch, branch_id), remark = coalesce(:remark, remark), registered_on = coalesce(:registered_on, registered_on)
 where name = coalesce(:name, :key) collate nocase and deleted_at is null and :mode = 'update';
select id, name from customer where name = coalesce(:name, :key) collate nocase and deleted_at is null limit 1;
