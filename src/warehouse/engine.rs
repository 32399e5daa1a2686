//! The engine: threads, memory and the sessions in which SQL models run.
//!
//! A [`Session`] sees the files of one bucket, so that a model never shuffles: everything before the
//! group means is local to one person (design.md §2). Sessions share one memory bound.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::ParamValues;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::SortExpr;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, collect, execute_stream};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::StreamExt as _;

use super::cycle::{self, rule::CyclesInOnePass};
use super::error::Error;
use super::{models, vocabulary};
use crate::grouper::codes::CodeMap;

/// What the user allows the program to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Buckets worked on at the same time.
    pub threads: usize,
    /// Bytes the engine may hold before it spills.
    pub memory_bytes: usize,
}

/// Physical plans with their metrics, by model, of the first bucket that ran it.
#[derive(Debug, Default)]
struct Plans(Mutex<BTreeMap<String, String>>);

impl Plans {
    fn keep(&self, model: &str, plan: &dyn ExecutionPlan) {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plans.entry(model.to_owned()).or_insert_with(|| {
            DisplayableExecutionPlan::with_metrics(plan).indent(false).to_string()
        });
    }
}

/// Values bound to the `$parameters` of models.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, ScalarValue)>);

impl Params {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), ScalarValue::Utf8(Some(value.to_owned()))));
        self
    }

    /// Adds a truth value.
    #[must_use]
    pub fn bool(mut self, name: &str, value: bool) -> Self {
        self.0.push((name.to_owned(), ScalarValue::Boolean(Some(value))));
        self
    }

    /// Adds a whole number.
    #[must_use]
    pub fn whole(mut self, name: &str, value: i64) -> Self {
        self.0.push((name.to_owned(), ScalarValue::Int64(Some(value))));
        self
    }

    /// Adds a local time in microseconds, or none.
    #[must_use]
    pub fn time(mut self, name: &str, micros: Option<i64>) -> Self {
        self.0.push((name.to_owned(), ScalarValue::TimestampMicrosecond(micros, None)));
        self
    }

    fn take(&self, model: &models::Model) -> Result<Vec<(String, ScalarValue)>, Error> {
        model
            .params
            .iter()
            .map(|name| {
                self.0.iter().find(|(known, _)| known == name).cloned().ok_or_else(|| {
                    Error::ParameterMissing {
                        model: model.name.to_owned(),
                        parameter: (*name).to_owned(),
                    }
                })
            })
            .collect()
    }
}

/// Threads and memory, shared by all sessions of a run.
pub struct Engine {
    runtime: tokio::runtime::Runtime,
    env: Arc<RuntimeEnv>,
    limits: Limits,
    plans: Option<Arc<Plans>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the worker threads and the memory pool.
    ///
    /// # Errors
    /// If the system gives no threads or no temporary folder.
    pub fn start(limits: Limits) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(limits.threads.max(1))
            .enable_all()
            .build()
            .map_err(|source| Error::Threads { source })?;
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
            .build_arc()
            .map_err(|err| Error::engine("starting the engine", &err))?;
        Ok(Self { runtime, env, limits, plans: None })
    }

    /// Keeps the plan of every model that runs from now on.
    pub fn keep_plans(&mut self) {
        self.plans = Some(Arc::default());
    }

    /// The plans kept, by model: each operator with its rows and its time.
    #[must_use]
    pub fn plans(&self) -> BTreeMap<String, String> {
        let kept = self.plans.as_ref().map(|plans| plans.0.lock());
        kept.map(|kept| kept.unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    /// The limits given.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The threads that work beside the engine may take: as many, at least one.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.limits.threads).unwrap_or(NonZeroUsize::MIN)
    }

    /// A session without tables.
    #[must_use]
    pub fn session(&self) -> Session {
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_batch_size(8192)
            .with_information_schema(true);
        let options = config.options_mut();
        options.sql_parser.parse_float_as_decimal = true;
        options.sql_parser.collect_spans = true;
        options.execution.parquet.pushdown_filters = true;
        options.execution.collect_statistics = true;
        options.execution.split_file_groups_by_statistics = true;
        // DataFusion 55.2 pushes what one side of a join knows through a union below an aggregate to
        // columns of the same name on the other side, and rows are lost without a word.
        options.optimizer.enable_join_dynamic_filter_pushdown = false;
        let mut rules = PhysicalOptimizer::new().rules;
        rules.insert(0, Arc::new(CyclesInOnePass));
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.env))
            .with_default_features()
            .with_physical_optimizer_rules(rules)
            .build();
        let ctx = SessionContext::new_with_state(state);
        ctx.register_udwf(cycle::function());
        vocabulary::functions().into_iter().for_each(|function| ctx.register_udf(function));
        Session { ctx, plans: self.plans.clone() }
    }

    /// Runs `work` on every item; results in order of the items. The first error to happen ends it.
    ///
    /// One item more than there are threads is in work, so that a thread whose item waits for the disk
    /// has another to go on with.
    ///
    /// # Errors
    /// Whatever `work` returns.
    pub fn each<T, R, E, F, Fut>(&self, items: Vec<T>, work: F) -> Result<Vec<R>, E>
    where
        T: Send + 'static,
        R: Send + 'static,
        E: Send + From<Error> + 'static,
        F: Fn(T) -> Fut + Send + Sync,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.runtime.block_on(async {
            let mut results = futures::stream::iter(items)
                .enumerate()
                .map(|(at, item)| {
                    let work = tokio::spawn(work(item));
                    async move { (at, work.await) }
                })
                .buffer_unordered(self.limits.threads.max(1) + 1);
            let mut all = BTreeMap::new();
            while let Some((at, joined)) = results.next().await {
                let result = joined
                    .map_err(|source| E::from(Error::Worker { message: source.to_string() }))?;
                all.insert(at, result?);
            }
            Ok(all.into_values().collect())
        })
    }

    /// Waits for one piece of work.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }
}

/// Batches under one schema: their own types, and no promise never to be null. What was planned and
/// what came out may differ in both where literals and columns meet.
fn agreed(
    planned: &Schema,
    batches: &[RecordBatch],
) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let first = batches.first().map(RecordBatch::schema);
    let fields = first.as_ref().map_or(planned.fields(), |schema| schema.fields());
    let fields = fields.iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batches = batches
        .iter()
        .map(|batch| {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(column, field)| cast(column, field.data_type()));
            RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
        })
        .collect::<Result<_, _>>()?;
    Ok((schema, batches))
}

/// Parquet files as one relation.
fn listed(
    schema: SchemaRef,
    files: &[PathBuf],
    orders: Vec<Vec<SortExpr>>,
) -> Result<ListingTable, Error> {
    let urls = files
        .iter()
        .map(|path| ListingTableUrl::parse(path.to_string_lossy()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|err| Error::engine("naming the files of a table", &err))?;
    let format = ParquetFormat::default().with_force_view_types(true);
    let options = ListingOptions::new(Arc::new(format)).with_file_sort_order(orders);
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(schema);
    ListingTable::try_new(config).map_err(|err| Error::engine("opening the files of a table", &err))
}

/// Relations of one bucket and the models over them.
#[derive(Clone)]
pub struct Session {
    ctx: SessionContext,
    plans: Option<Arc<Plans>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Makes Parquet files visible under a name; no files: an empty relation of that shape.
    ///
    /// # Errors
    /// If a path cannot be named to the engine.
    pub fn register_files(
        &self,
        name: &str,
        schema: SchemaRef,
        files: &[PathBuf],
    ) -> Result<(), Error> {
        self.register_sorted_files(name, schema, files, &[])
    }

    /// As [`Session::register_files`], each file sorted by these columns: the planner may rely on it.
    ///
    /// # Errors
    /// If a path cannot be named to the engine.
    pub fn register_sorted_files(
        &self,
        name: &str,
        schema: SchemaRef,
        files: &[PathBuf],
        sort: &[&str],
    ) -> Result<(), Error> {
        if files.is_empty() {
            return self.register_batches(name, schema, Vec::new());
        }
        let order: Vec<_> =
            sort.iter().map(|column| datafusion::prelude::col(*column).sort(true, true)).collect();
        let orders = if order.is_empty() { Vec::new() } else { vec![order] };
        // Files overlap in the order of their rows: each is a relation of its own, so that the planner
        // merges them where order matters instead of sorting all rows again.
        let together: Vec<&[PathBuf]> =
            if sort.is_empty() { vec![files] } else { files.chunks(1).collect() };
        let mut tables = together.into_iter().map(|files| {
            let table = Arc::new(listed(Arc::clone(&schema), files, orders.clone())?);
            Ok::<Arc<dyn TableProvider>, Error>(table)
        });
        let Some(first) = tables.next().transpose()? else { return Ok(()) };
        if files.len() == 1 || sort.is_empty() {
            return self.register(name, first);
        }
        let wrong = |err| Error::engine("joining the files of a table", &err);
        let mut all = self.ctx.read_table(first).map_err(wrong)?;
        for table in tables {
            all = all.union(self.ctx.read_table(table?).map_err(wrong)?).map_err(wrong)?;
        }
        self.register(name, all.into_view())
    }

    /// Makes rows in memory visible under a name.
    ///
    /// # Errors
    /// If the rows do not have this shape.
    pub fn register_batches(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), Error> {
        let table = MemTable::try_new(schema, vec![batches])
            .map_err(|err| Error::engine("registering rows", &err))?;
        self.register(name, Arc::new(table))
    }

    /// Makes columns in memory visible under a name.
    ///
    /// # Errors
    /// If they differ in length.
    pub fn register_columns(
        &self,
        name: &str,
        columns: Vec<(&str, ArrayRef)>,
    ) -> Result<(), Error> {
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(column, values)| (column, values, true)),
        )
        .map_err(|err| Error::engine("registering columns", &err.into()))?;
        self.register_batches(name, batch.schema(), vec![batch])
    }

    /// Makes the function `national` of the models translate by these codes.
    pub fn use_codes(&self, codes: Arc<CodeMap>) {
        self.ctx.register_udf(vocabulary::national(codes));
    }

    fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), Error> {
        self.ctx
            .register_table(name, table)
            .map(|_| ())
            .map_err(|err| Error::engine("registering a relation", &err))
    }

    async fn frame(&self, name: &str, params: &Params) -> Result<DataFrame, Error> {
        let model =
            models::model(name).ok_or_else(|| Error::UnknownModel { model: name.to_owned() })?;
        let values = params.take(&model)?;
        let fail = |err| Error::model(name, &err);
        let frame = self.ctx.sql(model.text).await.map_err(fail)?;
        if values.is_empty() {
            return Ok(frame);
        }
        frame.with_param_values(ParamValues::from(values)).map_err(fail)
    }

    /// Defines the relation of a model without running it.
    ///
    /// # Errors
    /// If a parameter or an input is missing.
    pub async fn define(&self, name: &str, params: &Params) -> Result<(), Error> {
        let view = self.frame(name, params).await?.into_view();
        self.register(name, view)
    }

    /// Runs a model and keeps its rows under its name, for small relations used more than once.
    ///
    /// # Errors
    /// If the model cannot run.
    pub async fn materialize(&self, name: &str, params: &Params) -> Result<usize, Error> {
        let frame = self.frame(name, params).await?;
        let planned = frame.schema().as_arrow().clone();
        let fail = |err| Error::model(name, &err);
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.map_err(fail)?;
        let batches = collect(Arc::clone(&plan), task).await.map_err(fail)?;
        self.keep_plan(name, plan.as_ref());
        let (schema, batches) =
            agreed(&planned, &batches).map_err(|err| Error::model(name, &err.into()))?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        self.register_batches(name, schema, batches)?;
        Ok(rows)
    }

    /// Runs a model and hands over its rows batch by batch.
    ///
    /// # Errors
    /// If the model cannot run, or whatever `take` returns.
    pub async fn stream<E: From<Error>>(
        &self,
        name: &str,
        params: &Params,
        take: impl FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.stream_without(name, &[], params, take).await
    }

    /// [`Session::stream`] without some columns, which are then not read from the files either.
    ///
    /// # Errors
    /// If the model cannot run, or whatever `take` returns.
    pub async fn stream_without<E: From<Error>>(
        &self,
        name: &str,
        columns: &[&str],
        params: &Params,
        mut take: impl FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let fail = |err| Error::model(name, &err);
        let frame = self.frame(name, params).await?.drop_columns(columns).map_err(fail)?;
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.map_err(fail)?;
        let mut batches = execute_stream(Arc::clone(&plan), task).map_err(fail)?;
        while let Some(batch) = batches.next().await {
            take(&batch.map_err(fail)?)?;
        }
        self.keep_plan(name, plan.as_ref());
        Ok(())
    }

    fn keep_plan(&self, name: &str, plan: &dyn ExecutionPlan) {
        if let Some(plans) = &self.plans {
            plans.keep(name, plan);
        }
    }

    /// Rows of a relation that was materialized before.
    ///
    /// # Errors
    /// If there is none of that name.
    pub async fn rows(&self, name: &str) -> Result<Vec<RecordBatch>, Error> {
        let fail = |err| Error::model(name, &err);
        self.ctx.table(name).await.map_err(fail)?.collect().await.map_err(fail)
    }

    /// Runs a query typed by the user (`dianshu sql`): it reads the registered relations and nothing
    /// else, and writes nothing.
    ///
    /// # Errors
    /// If it does not parse, plan or run, or is no query.
    pub async fn query(&self, text: &str) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
        let fail = |err| Error::query(&err);
        let only_read = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.ctx.sql_with_options(text, only_read).await.map_err(fail)?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.map_err(fail)?;
        let batches = collect(Arc::clone(&plan), task).await.map_err(fail)?;
        self.keep_plan("the query", plan.as_ref());
        Ok((schema, batches))
    }

    /// Runs a statement of a test, which may create tables.
    ///
    /// # Errors
    /// If it does not parse, plan or run.
    pub async fn statement(&self, text: &str) -> Result<(SchemaRef, Vec<RecordBatch>), Error> {
        let fail = |err| Error::query(&err);
        let frame = self.ctx.sql(text).await.map_err(fail)?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await.map_err(fail)?;
        Ok((schema, batches))
    }
}
