-- model:  stg_op_attribute
-- grain:  one row per (oprn_oprt_code, attribute)
-- inputs: op_attribute
-- params: none
-- checks: unique(oprn_oprt_code, attribute)
-- ref:    R32
--
-- Attributes of operations; a code with two of them has two rows.
select distinct
    op_attribute.oprn_oprt_code,
    op_attribute.attribute
from op_attribute
where nullif(op_attribute.oprn_oprt_code, '') is not null
order by
    op_attribute.oprn_oprt_code,
    op_attribute.attribute
