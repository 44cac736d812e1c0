package org.drag4j.cli.option;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.drag4j.document.EditDocument;
import org.drag4j.document.LongPrompt;
import org.drag4j.document.MaskFiles;
import org.drag4j.document.MaskSource;
import org.drag4j.engine.Edit;
import org.drag4j.method.Documents;
import picocli.CommandLine.Option;

/** The flags that change what a document says. */
public final class DocumentOptions {
  @Option(
      names = {"-s", "--seed"},
      paramLabel = "N",
      description = "Of all random numbers, instead of the document's.")
  Optional<Long> seed = Optional.empty();

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description =
          "Another method with its defaults, instead of the document's. The document's own keeps"
              + " its parameters.")
  Optional<String> method = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Denoising steps, instead of the document's.")
  Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--size",
      paramLabel = "N",
      description =
          "Longest side of what the model sees, in pixels. Default: the document's, else the"
              + " model's own.")
  Optional<Integer> size = Optional.empty();

  @Option(
      names = "--long-prompt",
      paramLabel = "cut|chunks",
      description =
          "What becomes of a prompt of more than 75 tokens, instead of the document's: its end is"
              + " left off, or it is encoded in pieces of 75.")
  Optional<LongPrompt> longPrompt = Optional.empty();

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Another value of the document: method.start=0.4; may be repeated.")
  List<String> settings = new ArrayList<>();

  /** The method that takes the place of the document's. */
  public Optional<String> method() {
    return method;
  }

  /**
   * The document of a file with these changes.
   *
   * @param warnings takes what is odd about its masks, one line each
   */
  public EditDocument read(Path file, Consumer<String> warnings) {
    var masks = MaskFiles.in(Edit.folder(file), warnings);
    return applied(Edit.document(file, masks), masks);
  }

  /** The document with these changes. */
  public EditDocument applied(EditDocument document, MaskSource masks) {
    var changed = document;
    changed = applied(changed, "--seed", seed.map(value -> "seed=" + value), masks);
    changed = applied(changed, "--method", method.map(name -> "method.name=" + name), masks);
    changed = applied(changed, "--steps", steps.map(value -> "method.steps=" + value), masks);
    changed = applied(changed, "--size", size.map(value -> "working.size=" + value), masks);
    changed =
        applied(changed, "--long-prompt", longPrompt.map(how -> "longPrompt=" + how.json()), masks);
    return Documents.set(changed, "--set", settings, masks);
  }

  private static EditDocument applied(
      EditDocument document, String option, Optional<String> assignment, MaskSource masks) {
    return Documents.set(document, option, assignment.stream().toList(), masks);
  }

  /** The flag that takes a picture of another name or place. */
  public static final class Image {
    @Option(
        names = {"-i", "--image"},
        paramLabel = "IMAGE",
        description = "The picture to edit, instead of the document's.")
    Optional<Path> file = Optional.empty();

    /** The picture, where the user names one. */
    public Optional<Path> file() {
      return file;
    }

    /** The document for that picture, whatever it was drawn for. */
    public EditDocument applied(EditDocument document) {
      return applied(document, file);
    }

    /** The document for a picture that the user names, or as it is. */
    public static EditDocument applied(EditDocument document, Optional<Path> named) {
      return named
          .map(path ->
              document.withFiles(
                  new EditDocument.Image(
                      path.toAbsolutePath().normalize().toString(), Optional.empty()),
                  document.model()))
          .orElse(document);
    }
  }
}
