package org.drag4j.verify;

import java.nio.file.Path;
import org.drag4j.pipeline.Pipeline;

/**
 * What recorded runs are replayed with, and where their rows go.
 *
 * @param folder of the recordings
 */
record Replay(
    Path folder,
    Pipeline pipeline,
    ParityOptions options,
    ParityTolerance tolerance,
    ParityRows rows) {}
