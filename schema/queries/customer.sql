-- @query customer.list  Customers by name.
-- @zh 客户列表
-- @param text text(200)?  Only those whose name, code or phone holds this text.
-- @param owner id(app_user)?  Only his.
-- @param pool bool=no  Only those without an owner.
-- @param level text(63)?  Only of this level.
-- @param type text(63)?  Only of this type.
-- @param industry text(63)?  Only of this industry.
-- @param source text(63)?  Only those that came this way.
-- @param branch id(branch)?  Only of this branch.
-- @param tag text(63)?  Only those with this tag.
-- @param limit int(1..1000000)=100  How many at most.
-- @param offset int(0..1000000000)=0  How many to skip.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param kind enum(company|person)?  Only companies, or only persons.
-- @param registered_from date?  First day of registration.
-- @param registered_to date?  Last day of registration.
-- @param order enum(name|newest|changed)=name  By name, or the last registered or last changed first.
-- @example industry=retail limit=20
with page as (
  select c.id, case :order when 'newest' then c.created_at when 'changed' then c.updated_at end as late, c.name
    from customer c
   where c.deleted_at is null
     and (:text is null or search_matches(:text, c.name, c.code, c.phone))
     and (:owner is null or c.owner_id = :owner)
     and (:manager is null or c.owner_id in (select user_id from person_below where manager_id = :manager))
     and (:pool = 0 or c.owner_id is null)
     and (:level is null or c.level = :level)
     and (:type is null or c.type = :type)
     and (:kind is null or c.kind = :kind)
     and (:industry is null or c.industry = :industry)
     and (:source is null or c.source = :source)
     and (:branch is null or c.branch_id = :branch)
     and (:registered_from is null or c.registered_on >= :registered_from)
     and (:registered_to is null or c.registered_on <= :registered_to)
     and (:tag is null or exists (select 1 from customer_tag t
                                   where t.customer_id = c.id and t.tag_id = text_key('tag/' || fold(:tag)) and t.deleted_at is null))
   order by late desc, c.name collate nocase, c.id
   limit :limit offset :offset
)
select c.id, c.name, c.code, c.kind, c.level, c.industry, c.phone, c.city, c.country, c.owner, c.branch,
       d.last_contact_at, d.next_contact_at, c.owner_id, c.updated_at, c.branch_id, c.type, c.source, c.registered_on,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.customer_id = c.id and o.deleted_at is null and s.kind = 'open') as open_opportunities
  from page
 cross join customer_card c
  join customer_contact_dates d on d.customer_id = c.id
 where c.id = page.id
 order by page.late desc, page.name collate nocase, page.id;

-- @query customer.count  How many customers there are; the filters are those of customer.list.
-- @zh 客户数量
-- @param text text(200)?  Only those whose name, code or phone holds this text.
-- @param owner id(app_user)?  Only his.
-- @param pool bool=no  Only those without an owner.
-- @param level text(63)?  Only of this level.
-- @param type text(63)?  Only of this type.
-- @param industry text(63)?  Only of this industry.
-- @param source text(63)?  Only those that came this way.
-- @param branch id(branch)?  Only of this branch.
-- @param tag text(63)?  Only those with this tag.
-- @param manager id(app_user)?  Only of the people below this manager.
-- @param kind enum(company|person)?  Only companies, or only persons.
-- @param registered_from date?  First day of registration.
-- @param registered_to date?  Last day of registration.
select count(*) as count
  from customer c
 where c.deleted_at is null
   and (:text is null or search_matches(:text, c.name, c.code, c.phone))
   and (:owner is null or c.owner_id = :owner)
   and (:manager is null or c.owner_id in (select user_id from person_below where manager_id = :manager))
   and (:pool = 0 or c.owner_id is null)
   and (:level is null or c.level = :level)
   and (:type is null or c.type = :type)
   and (:kind is null or c.kind = :kind)
   and (:industry is null or c.industry = :industry)
   and (:source is null or c.source = :source)
   and (:branch is null or c.branch_id = :branch)
   and (:registered_from is null or c.registered_on >= :registered_from)
   and (:registered_to is null or c.registered_on <= :registered_to)
   and (:tag is null or exists (select 1 from customer_tag t
                                 where t.customer_id = c.id and t.tag_id = text_key('tag/' || fold(:tag)) and t.deleted_at is null));

-- @query customer.show  One customer with all there is to know.
-- @zh 客户详情
-- @param customer id(customer)  The customer.
-- @example customer=Isdom
select c.*, coalesce(c.revenue_currency, (select currency from company)) as currency,
       (select group_concat(t.name, ', ') from customer_tag x join tag t on t.id = x.tag_id
         where x.customer_id = c.id and x.deleted_at is null) as tags,
       (select group_concat(u.name, ', ') from customer_share x join app_user u on u.id = x.user_id
         where x.customer_id = c.id and x.deleted_at is null) as shared_with,
       d.last_contact_at, d.next_contact_at,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.customer_id = c.id and o.deleted_at is null and s.kind = 'open') as open_opportunities,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.customer_id = c.id and o.deleted_at is null and s.kind = 'won') as won_opportunities,
       g.latitude_e6, g.longitude_e6, g.address_id, g.line as visit_address,
       (select coalesce(sum(o.amount_minor), 0) from opportunity o join stage s on s.id = o.stage_id
         where o.customer_id = c.id and o.deleted_at is null and s.kind = 'open'
           and o.currency = coalesce(c.revenue_currency, (select currency from company))) as open_amount_minor
  from customer_card c
  join customer_contact_dates d on d.customer_id = c.id
  left join customer_place g on g.customer_id = c.id
 where c.id = :customer;

-- @query customer.timeline  Everything that happened with a customer, newest first.
-- @zh 客户时间线
-- @param customer id(customer)  The customer.
-- @param limit int(1..100000)=200  How many at most.
-- Values of kind: interaction, stage, assignment.
select happened_at, kind, what_zh, what_en, about, who, detail, id, opportunity_id, who_id, interaction_kind, outcome, contact,
       latitude_e6, longitude_e6
  from (select i.happened_at as happened_at, 'interaction' as kind, coalesce(k.name_zh, i.kind) as what_zh, coalesce(k.name_en, i.kind) as what_en,
               o.name as about, u.name as who, i.summary as detail, i.id as id, i.opportunity_id as opportunity_id, i.user_id as who_id,
               i.kind as interaction_kind, i.outcome as outcome, p.name as contact, i.latitude_e6 as latitude_e6, i.longitude_e6 as longitude_e6
          from interaction i
          left join contact p on p.id = i.contact_id
          left join opportunity o on o.id = i.opportunity_id
          left join app_user u on u.id = i.user_id
          left join list_item k on k.list = 'interaction_kind' and k.code = i.kind
         where i.customer_id = :customer and i.deleted_at is null
         union all
        -- A step that was entered later, such as an imported one, stands where it happened.
        select case when e.occurred_on < date(e.created_at / 1000, 'unixepoch', '-3 days')
                    then cast(strftime('%s', e.occurred_on) as integer) * 1000 else e.created_at end,
               'stage', coalesce(f.name_zh || ' → ', '') || t.name_zh, coalesce(f.name_en || ' → ', '') || t.name_en,
               o.name, u.name, coalesce(e.occurred_on || ' ', '') || coalesce(e.note, ''), e.id, o.id, u.id, null, null, null, null, null
          from opportunity o
          join opportunity_stage_event e on e.opportunity_id = o.id
          join stage t on t.id = e.to_stage_id
          left join stage f on f.id = e.from_stage_id
          left join app_user u on u.id = e.created_by
         where o.customer_id = :customer and o.deleted_at is null
         union all
        select a.created_at, 'assignment', '移交 ' || coalesce(f.name || ' → ', '') || coalesce(t.name, '公海'),
               'Hand-over ' || coalesce(f.name || ' → ', '') || coalesce(t.name, 'pool'), null, u.name, a.note, a.id, null, u.id,
               null, null, null, null, null
          from assignment a
          left join app_user f on f.id = a.from_user_id
          left join app_user t on t.id = a.to_user_id
          left join app_user u on u.id = a.created_by
         where a.customer_id = :customer) as entries
 order by happened_at desc, id desc
 limit :limit;

-- @query customer.neglected  Customers with whom nobody has spoken for some time, the longest first.
-- @zh 久未跟进客户
-- @param days int(1..3660)?  For how many days; the setting follow_up.neglected_days when not given.
-- @param owner id(app_user)?  Only his.
-- @param limit int(1..1000000)=200  How many at most.
-- @param manager id(app_user)?  Only of the people below this manager.
select c.id, c.name, c.level, u.name as owner, d.last_contact_at, d.next_contact_at,
       (now_ms() - coalesce(d.last_contact_at, c.created_at)) / 86400000 as silent_days, c.phone, c.owner_id, c.city, c.industry
  from customer c
  join customer_contact_dates d on d.customer_id = c.id
  left join app_user u on u.id = c.owner_id
 where c.deleted_at is null and c.owner_id is not null
   and (:owner is null or c.owner_id = :owner)
   and (:manager is null or c.owner_id in (select user_id from person_below where manager_id = :manager))
   and coalesce(d.last_contact_at, c.created_at)
       < now_ms() - 86400000 * coalesce(:days, (select cast(value as integer) from setting where name = 'follow_up.neglected_days'), 30)
 order by coalesce(d.last_contact_at, c.created_at), c.id
 limit :limit;

-- @query customer.shared  Customers that are shared, with whom.
-- @zh 共享客户
-- @param with id(app_user)?  Only those shared with this person.
select c.id, c.name, o.name as owner, u.name as shared_with, s.note, s.created_at as shared_at, c.owner_id, s.user_id, c.phone
  from customer_share s
  join customer c on c.id = s.customer_id
  join app_user u on u.id = s.user_id
  left join app_user o on o.id = c.owner_id
 where s.deleted_at is null and c.deleted_at is null and (:with is null or s.user_id = :with)
 order by c.name, u.name;

-- @query customer.duplicates  Customers that one may be about to enter again.
-- @zh 客户查重
-- @param name text(200)?  Name.
-- @param phone text(40)?  Phone.
-- @param tax_number text(40)?  Tax number.
-- Values of same: tax_number, phone, name.
select c.id, c.name, c.phone, c.tax_number, c.owner, c.city,
       case when c.tax_number = upper(:tax_number) then 'tax_number'
            when digits(c.phone) = digits(:phone) then 'phone'
            else 'name' end as same, c.owner_id, c.updated_at
  from customer_card c
 where c.tax_number = upper(:tax_number)
    or (digits(:phone) <> '' and digits(c.phone) = digits(:phone))
    or fold(c.name) = fold(:name)
    or (length(:name) >= 2 and (instr(fold(c.name), fold(:name)) > 0 or instr(fold(:name), fold(c.name)) > 0))
 order by same desc, c.name
 limit 50;

-- @query customer.addresses  The further addresses of a customer.
-- @zh 客户地址
-- @param customer id(customer)  The customer.
select id, kind, country, province, city, district, line, recipient, phone, latitude_e6, longitude_e6
  from customer_address
 where customer_id = :customer and deleted_at is null
 order by kind, id;

-- @query customer.count_by  How many customers there are by one of their features.
-- @zh 客户分类统计
-- @param by enum(level|type|industry|source|country|owner)=level  The feature.
select coalesce(case :by when 'level' then level when 'type' then type when 'industry' then industry
                         when 'source' then source when 'country' then country else owner end, '') as value,
       count(*) as count
  from customer_card
 group by 1
 order by count(*) desc, 1;

-- @query customer.assignments  Who had a customer when.
-- @zh 客户移交记录
-- @param customer id(customer)  The customer.
-- Values of reason: manual, bulk, claim, release, register.
select a.created_at as assigned_at, f.name as from_person, t.name as to_person, u.name as who, a.reason, a.note, a.from_user_id, a.to_user_id, a.batch_id
  from assignment a
  left join app_user f on f.id = a.from_user_id
  left join app_user t on t.id = a.to_user_id
  left join app_user u on u.id = a.created_by
 where a.customer_id = :customer
 order by a.created_at, a.id;

-- @query contact.list  The people at a customer, or all whom one knows.
-- @zh 联系人列表
-- @param customer id(customer)?  Only of this customer.
-- @param text text(200)?  Only those whose name, phone or customer holds this text.
-- @param limit int(1..1000000)=200  How many at most.
select p.id, p.name, p.title, c.name as customer, p.phone, p.email, p.chat, p.decision_maker, p.is_primary, p.remark, p.customer_id, p.updated_at
  from contact p
  join customer c on c.id = p.customer_id
 where p.deleted_at is null and c.deleted_at is null
   and (:customer is null or p.customer_id = :customer)
   and (:text is null or search_matches(:text, p.name, p.phone, c.name))
 order by p.is_primary desc, p.name, p.id
 limit :limit;

-- @query tag.list  All tags, and how many customers have them.
-- @zh 标签列表
select t.name, count(x.customer_id) as count, t.id
  from tag t
  left join customer_tag x on x.tag_id = t.id and x.deleted_at is null
 group by t.id, t.name
 order by t.name;
