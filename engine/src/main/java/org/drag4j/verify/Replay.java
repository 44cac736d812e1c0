package org.drag4j.verify;

import org.drag4j.pipeline.Pipeline;

/** What recorded runs are replayed with, and where their rows go. */
record Replay(
    Pipeline pipeline, ParityOptions options, ParityTolerance tolerance, ParityRows rows) {}
