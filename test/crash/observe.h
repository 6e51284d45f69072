// Reads everything that a model knows of from a store.
#pragma once

#include <optional>

#include "test/crash/model.h"
#include "test/crash/recorded_runtime.h"

namespace shoal::crash {

// nullopt: the store does not answer.
std::optional<Observation> observe(RecordedRuntime& runtime, routing::PageStore& store, const Model& model);

}  // namespace shoal::crash
