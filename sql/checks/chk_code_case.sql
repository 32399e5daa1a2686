-- model:  chk_code_case
-- grain:  one row per column, institution and status
-- inputs: chk_code_row, chk_code_status
-- params: none
-- checks: unique(column_name, fixmedins_code, status)
-- ref:    J11, E04
--
-- Settlements and their cost by the worst status of their codes: one code that is not mapped makes
-- the settlement `unmapped`.
with

per_settlement as (
    select
        chk_code_row.column_name,
        chk_code_row.setl_key,
        max(chk_code_row.fixmedins_code) as fixmedins_code,
        max(chk_code_row.fee_fen) as fee_fen,
        bool_or(chk_code_status.status = 'unmapped') as has_unmapped,
        bool_or(chk_code_status.status = 'mapped') as has_mapped
    from chk_code_row
    inner join chk_code_status
        on
            chk_code_row.column_name = chk_code_status.column_name
            and chk_code_row.code = chk_code_status.code
            and chk_code_row.national_code = chk_code_status.national_code
    group by
        chk_code_row.column_name,
        chk_code_row.setl_key
),

judged as (
    select
        per_settlement.column_name,
        per_settlement.fixmedins_code,
        per_settlement.fee_fen,
        case
            when per_settlement.has_unmapped then 'unmapped'
            when per_settlement.has_mapped then 'mapped'
            else 'national'
        end as status
    from per_settlement
)

select
    judged.column_name,
    judged.fixmedins_code,
    judged.status,
    count(*) as cases,
    cast(sum(judged.fee_fen) as bigint) as fee_fen
from judged
group by
    judged.column_name,
    judged.fixmedins_code,
    judged.status
