-- model:  int_cases__settlement
-- grain:  one row per row of settlement
-- inputs: int_cases__netted, fee_roll, int_cases__refund_fee, int_cases__given_group, int_cases__diagnosed
-- params: none
-- checks: not_null(fate)
-- ref:    A14, R14, R24, Y25
--
-- Every settlement row with its fate and, for the analysed ones, all that grouping needs: class
-- sums net of reversals, important items, the external group, whether there are lines and a
-- diagnosis.
select
    int_cases__netted.setl_id,
    int_cases__netted.fate,
    int_cases__netted.is_repeated,
    int_cases__netted.is_in_scope,
    int_cases__netted.psn_no,
    int_cases__netted.mdtrt_id,
    int_cases__netted.fixmedins_code,
    int_cases__netted.insutype,
    int_cases__netted.dise_codg,
    int_cases__netted.begntime,
    int_cases__netted.setl_time,
    int_cases__netted.case_time,
    int_cases__netted.original_case_time,
    int_cases__netted.upload_time,
    int_cases__netted.raw_fee_fen,
    int_cases__netted.raw_fund_fen,
    int_cases__netted.fee_fen,
    int_cases__netted.inscope_fen,
    int_cases__netted.fund_fen,
    coalesce(fee_roll.lines, 0) as lines,
    coalesce(fee_roll.o_fen, 0) - coalesce(int_cases__refund_fee.o_fen, 0) as o_fen,
    coalesce(fee_roll.m_fen, 0) - coalesce(int_cases__refund_fee.m_fen, 0) as m_fen,
    coalesce(fee_roll.a_fen, 0) - coalesce(int_cases__refund_fee.a_fen, 0) as a_fen,
    coalesce(fee_roll.o_is_important, false) as o_is_important,
    coalesce(fee_roll.m_is_important, false) as m_is_important,
    coalesce(fee_roll.a_is_important, false) as a_is_important,
    int_cases__given_group.group_code,
    int_cases__given_group.setl_key is not null as is_given,
    coalesce(int_cases__given_group.is_differing, false) as is_differing,
    int_cases__diagnosed.setl_key is not null as is_diagnosed
from int_cases__netted
left join fee_roll
    on int_cases__netted.setl_key = fee_roll.setl_key
left join int_cases__refund_fee
    on int_cases__netted.setl_key = int_cases__refund_fee.setl_key
left join int_cases__given_group
    on int_cases__netted.setl_key = int_cases__given_group.setl_key
left join int_cases__diagnosed
    on int_cases__netted.setl_key = int_cases__diagnosed.setl_key
