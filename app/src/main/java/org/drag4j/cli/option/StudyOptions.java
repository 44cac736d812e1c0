package org.drag4j.cli.option;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flags of what times networks. */
public final class StudyOptions {
  private static final int MAX_SIDE = 4096;
  private static final int MAX_BATCH = 64;

  @Mixin public final RunOptions run = new RunOptions();

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "512",
      description = "Side of the picture in pixels. Default: ${DEFAULT-VALUE}.")
  int size;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Samples of one call. Default: ${DEFAULT-VALUE}.")
  int batch;

  /** Checks the values, before any work. */
  public void check(CommandSpec spec) {
    run.engine.check(spec);
    UsageMessage.requireRange(spec, "--size", 8, MAX_SIDE, size);
    UsageMessage.requireRange(spec, "--batch", 1, MAX_BATCH, batch);
  }

  /** Side of the picture in pixels. */
  public int size() {
    return size;
  }

  /** Samples of one call. */
  public int batch() {
    return batch;
  }
}
