package org.drag4j.cli.option;

import picocli.CommandLine.Mixin;

/** The flags of what makes one picture. */
public final class PictureOptions {
  @Mixin public final RunOptions run = new RunOptions();
  @Mixin public final GlimpseOptions glimpses = new GlimpseOptions();
  @Mixin public final MetadataOption metadata = new MetadataOption();
  @Mixin public final OverwriteOption overwrite = new OverwriteOption();
}
