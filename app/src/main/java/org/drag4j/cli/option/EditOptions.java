package org.drag4j.cli.option;

import java.io.IOException;
import org.drag4j.engine.Keeping;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;

/** The flags of what carries out edit documents. */
public final class EditOptions {
  @Mixin public final DocumentOptions document = new DocumentOptions();
  @Mixin public final RunOptions run = new RunOptions();
  @Mixin public final InversionOptions inversions = new InversionOptions();
  @Mixin public final MetadataOption metadata = new MetadataOption();
  @Mixin public final OverwriteOption overwrite = new OverwriteOption();

  /** Checks the flags' values and opens the folder of inversions, before any work. */
  public Keeping keeping(CommandSpec spec, Keeping more) throws IOException {
    return more.withStore(inversions.open(spec, run.engine.setup()));
  }
}
