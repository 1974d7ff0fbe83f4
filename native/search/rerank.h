// How many of a walk's candidates must be read before the answer can be trusted.
#pragma once

#include <cstddef>
#include <span>

#include "base/element.h"
#include "graph/candidate_list.h"
#include "search/search_params.h"

namespace vamana {

// A depth into `beam`: params.rerank when that is set, else adaptive. Adaptive takes every candidate whose
// estimate could belong to one of the k nearest: those up to the k-th estimate plus a margin of some standard
// deviations of the code's error there (codec/code_error.h, measured when the segment was built). An easy
// query, whose nearest stand apart, so reads little more than k candidates, a hard one more.
//
// The number of deviations grows with the list size, as log2(list size / k) / 2: whoever walks further asks
// for more recall, and would not get it from a depth that stayed.
size_t rerank_depth(const SearchParams& params, Metric metric, float error_spread, const CandidateList& beam);

// The same for each of several segments, whose beams hold estimates of one scale: the k-th estimate is that over all
// of them, so that a segment far from the query is hardly read. depths[i] belongs to beams[i] and error_spreads[i].
void rerank_depths(const SearchParams& params, Metric metric, std::span<const float> error_spreads,
                   std::span<const CandidateList* const> beams, std::span<size_t> depths);

// Of each beam, how many of the nearest are surely among the k nearest of all: their estimates stay that margin below
// the (k + 1)-th over all. None for a fixed depth, which asks for exact distances of so many.
void sure_depths(const SearchParams& params, Metric metric, std::span<const float> error_spreads,
                 std::span<const CandidateList* const> beams, std::span<size_t> depths);

}  // namespace vamana
