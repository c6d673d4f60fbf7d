-- Files of opportunities and customers.

create index attachment_by_opportunity on attachment (opportunity_id);
create index attachment_by_customer on attachment (customer_id);
create index attachment_by_file on attachment (file);
