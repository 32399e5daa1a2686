"""Cases from the warehouse's own files in DuckDB: voids, duplicates, refunds, scope, APG groups."""

from fractions import Fraction

import duckdb

import rules


def connect(scratch):
    scratch.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect()
    db.execute(f"pragma threads={rules.THREADS}")
    db.execute(f"set temp_directory='{scratch}'")
    db.execute("set preserve_insertion_order=false")
    return db


def files(warehouse, table):
    pattern = warehouse / table / "year=*" / "bucket=*" / "*.parquet"
    return f"read_parquet('{pattern}', hive_partitioning=true)"


def build(db, warehouse, years, more=()):
    """Makes the table `cases` (setl_id, group_code, fixmedins_code, year, fee_fen, fund_fen).

    `more`: further columns of the settlement that it carries.
    """
    more = "".join(f", {name}" for name in more)
    policy = rules.policy()
    settled = ", ".join(str(year) for year in years)
    reversals(db, warehouse)
    settlements(db, warehouse, policy["scope"], settled, more)
    fees(db, warehouse, policy["grouping"]["apg"], settled)
    share = Fraction(policy["grouping"]["apg"]["important_share"])
    important = lambda letter: (
        f"{letter}_fen > 0 and {letter}_fen * {share.denominator} >= "
        f"{share.numerator} * fee_fen")
    fallback = policy["grouping"]["apg"]["fallback"]
    db.execute(f"""
        create temp view cases as
        with summed as (
            select s.*,
                coalesce(f.o_fen, 0) - coalesce(r.o_fen, 0) as o_fen,
                coalesce(f.m_fen, 0) - coalesce(r.m_fen, 0) as m_fen,
                coalesce(f.a_fen, 0) - coalesce(r.a_fen, 0) as a_fen
            from analysed s left join fee_roll f using (setl_id)
            left join refund_fee r using (setl_id)
        )
        select setl_id, fixmedins_code, year, fee_fen, fund_fen{more},
            case when coalesce(dise_codg, '') = '' then null else
                case
                    when greatest(o_fen, m_fen, a_fen) <= 0 then '{fallback}'
                    when o_fen >= m_fen and o_fen >= a_fen then
                        'O' || case when {important('m')} then 'M' else '' end
                            || case when {important('a')} then 'A' else '' end
                    when m_fen >= a_fen then
                        'M' || case when {important('a')} then 'A' else '' end
                    else 'A'
                end || '_' || dise_codg
            end as group_code
        from summed""")


def reversals(db, warehouse):
    """Repeated ids, and what reversals of any year take back (8.4)."""
    history = files(warehouse, "settlement")
    db.execute(f"""
        create temp table repeated as
        select setl_id, min(row_digest) <> max(row_digest) as is_conflicting
        from {history} where coalesce(vali_flag, '1') <> '0'
        group by setl_id having count(*) > 1""")
    db.execute(f"""
        create temp table reversal as
        select distinct h.setl_id, init_setl_id,
            (medfee_sumamt * 100)::bigint as fee_fen, (hifp_pay * 100)::bigint as fund_fen
        from {history} h left join repeated r using (setl_id)
        where coalesce(vali_flag, '1') <> '0' and init_setl_id <> ''
            and not coalesce(r.is_conflicting, false)""")
    db.execute(f"""
        create temp table matched as
        select reversal.* from reversal where init_setl_id in (
            select h.setl_id from {history} h
            semi join reversal o on h.setl_id = o.init_setl_id
            where coalesce(h.vali_flag, '1') <> '0' and coalesce(h.init_setl_id, '') = ''
                and h.setl_id not in (select setl_id from repeated where is_conflicting))""")
    db.execute("""
        create temp table refund as
        select init_setl_id as setl_id, sum(abs(fee_fen)) as fee_fen,
            sum(abs(fund_fen)) as fund_fen
        from matched group by init_setl_id""")


def settlements(db, warehouse, scope, settled, more):
    """The analysed settlements of some years, amounts net of their reversals."""
    area = " or ".join(f"insu_admdvs like '{code}%'" for code in scope["insu_admdvs"])
    db.execute(f"""
        create temp table once as
        select s.setl_id, s.fixmedins_code, s.year, s.dise_codg{more},
            r.setl_id is not null as again,
            (s.medfee_sumamt * 100)::bigint - coalesce(f.fee_fen, 0) as fee_fen,
            (s.hifp_pay * 100)::bigint - coalesce(f.fund_fen, 0) as fund_fen
        from {files(warehouse, "settlement")} s
        left join repeated r on s.setl_id = r.setl_id
        left join refund f on s.setl_id = f.setl_id
        where s.year in ({settled})
            and coalesce(s.vali_flag, '1') <> '0'
            and not coalesce(r.is_conflicting, false)
            and coalesce(s.init_setl_id, '') = ''
            and not (coalesce(s.refd_setl_flag, '0') = '1' and s.medfee_sumamt < 0)
            and not (f.setl_id is not null and s.medfee_sumamt * 100 <= f.fee_fen)
            and not (coalesce(s.refd_setl_flag, '0') = '1' and s.medfee_sumamt > 0
                and f.setl_id is null)
            and s.insutype in ({rules.list_sql(scope["insutype"])})
            and s.med_type in ({rules.list_sql(scope["med_type"])})
            and coalesce(s.pay_loc, '') not in ('3', '4')
            and (coalesce(insu_admdvs, '') = '' or {area})""")
    columns = f"setl_id, fixmedins_code, year, dise_codg, fee_fen, fund_fen{more}"
    db.execute(f"""
        create temp view analysed as
        select {columns} from once where not again
        union all
        select distinct {columns} from once where again""")


def fees(db, warehouse, apg, settled):
    """Fee lines without duplicates, summed to the classes; lines of reversals are taken away."""
    cases = " ".join(f"when med_chrgitm_type in ({rules.list_sql(codes)}) then '{letter}'"
                     for letter, codes in apg["charge_types"].items())
    lines = f"{files(warehouse, 'fee_item')} where year in ({settled}, 0)"
    db.execute(f"""
        create temp table repeated_line as
        select setl_id, feedetl_sn, min(row_digest) <> max(row_digest) as is_conflicting,
            min((det_item_fee_sumamt * 100)::bigint) as fen, min(case {cases} end) as class
        from {lines} group by setl_id, feedetl_sn having count(*) > 1""")
    sums = ", ".join(
        f"sum(case when class = '{letter}' then fen else 0 end)::bigint as {letter.lower()}_fen, "
        f"sum(case when class = '{letter}' then abs(fen) else 0 end)::bigint "
        f"as {letter.lower()}_taken" for letter in rules.LETTERS)
    db.execute(f"""
        create temp table fee_roll as
        select setl_id, {sums} from (
            select setl_id, (det_item_fee_sumamt * 100)::bigint as fen, case {cases} end as class
            from (select * from {lines}) l
            anti join repeated_line using (setl_id, feedetl_sn)
            union all
            select setl_id, fen, class from repeated_line where not is_conflicting
        ) group by setl_id""")
    db.execute("""
        create temp table refund_fee as
        select init_setl_id as setl_id, sum(o_taken) as o_fen, sum(m_taken) as m_fen,
            sum(a_taken) as a_fen
        from matched join fee_roll using (setl_id) group by init_setl_id""")
