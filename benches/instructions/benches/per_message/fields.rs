//! Three fields taken out of a payload, as a room's `relay` does, in two sizes.

use std::hint::black_box;

use gungraun::prelude::*;
use lobbyd::protocol::Json;
use lobbyd_instructions::TIMES;

use crate::room::{FIELDS, object_of_fields};

#[library_benchmark(setup = object_of_fields)]
#[bench::short(150)]
#[bench::long(4 << 10)]
fn fields(payload: String) {
    let json = Json::new(&payload).expect("a bench's own JSON");
    for _ in 0..TIMES {
        let found = black_box(json).get_many(FIELDS);
        assert!(black_box(found).iter().all(Option::is_some));
    }
}

library_benchmark_group!(name = taking_fields, benchmarks = fields);
