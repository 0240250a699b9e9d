//! The sizes of all rooms on a node with 100,000 topics, as each scrape of the metrics reads them.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use lobbyd::broker::FanoutSettings;
use lobbyd::broker::{Class, Fanout, Hub};

const TOPICS: u32 = 100_000;

pub fn benches(criterion: &mut Criterion) {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = Fanout::new(0, Arc::clone(&hub), FanoutSettings::default());
    for topic in 0..TOPICS {
        fanout.open(topic, Class::V2);
        let id = fanout.new_id();
        fanout.subscribe(topic, id, &format!("room:{topic}"), &[]);
    }
    let mut group = criterion.benchmark_group("sizes of the rooms");
    group.bench_function("100,000 topics", |bencher| {
        bencher.iter(|| {
            let sizes = black_box(hub.room_sizes(10));
            assert_eq!(sizes.by_size[0], u64::from(TOPICS));
            assert_eq!(sizes.largest.len(), 10);
        });
    });
    group.finish();
}
