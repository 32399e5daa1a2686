-- model:  chk_code
-- grain:  one row per column, code, the national code it stands for, and institution
-- inputs: chk_code_row, chk_code_status
-- params: none
-- checks: unique(column_name, code, national_code, fixmedins_code)
-- ref:    J11, E04
--
-- How often an institution writes a code, an example, and what the settlements cost (one with the
-- same code twice counts twice).
select
    chk_code_row.column_name,
    chk_code_row.code,
    chk_code_row.fixmedins_code,
    chk_code_status.status,
    chk_code_status.other_system,
    min(chk_code_row.setl_id) as setl_id,
    count(*) as rows,
    cast(sum(chk_code_row.fee_fen) as bigint) as fee_fen
from chk_code_row
inner join chk_code_status
    on
        chk_code_row.column_name = chk_code_status.column_name
        and chk_code_row.code = chk_code_status.code
        and chk_code_row.national_code = chk_code_status.national_code
group by
    chk_code_row.column_name,
    chk_code_row.code,
    chk_code_row.national_code,
    chk_code_row.fixmedins_code,
    chk_code_status.status,
    chk_code_status.other_system
