-- Products.

create index product_by_code on product (code);
create index product_by_name on product (name);
