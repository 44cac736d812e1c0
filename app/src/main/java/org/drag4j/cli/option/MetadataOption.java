package org.drag4j.cli.option;

import java.util.Optional;
import java.util.function.Supplier;
import org.drag4j.engine.Provenance;
import org.drag4j.picture.PictureMetadata;
import picocli.CommandLine.Option;

/** The flag that keeps a picture free of texts. */
public final class MetadataOption {
  @Option(
      names = "--no-metadata",
      description =
          "Write the picture alone. Without this flag it carries the document, with the names of"
              + " picture and model, and can be edited again, and what the photo's file says of"
              + " camera, author, place and density.")
  boolean none;

  /** Whether the picture carries anything. */
  public boolean wanted() {
    return !none;
  }

  /** What the picture carries, if it is wanted. */
  public PictureMetadata of(Supplier<PictureMetadata> metadata) {
    return none ? PictureMetadata.NONE : metadata.get();
  }

  /** What a picture's record is to say, if it is to carry one. */
  public Optional<Provenance.Origin> origin(Supplier<Provenance.Origin> origin) {
    return none ? Optional.empty() : Optional.of(origin.get());
  }
}
