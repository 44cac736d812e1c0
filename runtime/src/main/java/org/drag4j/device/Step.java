package org.drag4j.device;

import org.drag4j.graph.Cost;
import org.drag4j.graph.Value;

/** One entry of a plan: which node, by which kernel, at what least cost. */
public record Step(Value node, Kernel kernel, Launch launch, Cost cost) {}
