-- model:  procedure
-- grain:  one row per row of procedure_as_exported
-- inputs: procedure_as_exported, settlement
-- params: none
-- checks: not_null(setl_id)
-- ref:    J11, E04
--
-- Operations with national codes, in the shape of the table: this model stands in its place where
-- table `code_map` has codes of the kind. Each code is the one in force on the day of the settlement.
with

settled as (
    select
        id_key(settlement.setl_id) as setl_key,
        max(settlement.setl_time) as setl_time
    from settlement
    group by id_key(settlement.setl_id)
)

select
    procedure_as_exported.setl_id,
    procedure_as_exported.psn_no,
    national('oprn_oprt_code', procedure_as_exported.oprn_oprt_code, settled.setl_time) as oprn_oprt_code,
    procedure_as_exported.oprn_oprt_name,
    procedure_as_exported.oprn_oprt_type,
    procedure_as_exported.oprn_srt_no,
    procedure_as_exported.row_digest
from procedure_as_exported
left join settled
    on id_key(procedure_as_exported.setl_id) = settled.setl_key
