package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.EditOptions;
import org.drag4j.cli.option.GlimpseOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.Rectangle;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Keeping;
import org.drag4j.geometry.Drag;
import org.drag4j.method.Documents;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j drag}: moves rectangles of a picture. */
@Command(
    name = "drag",
    description = "Move rectangles of a picture; the picture is a PNG, JPEG, WebP or BMP.",
    mixinStandardHelpOptions = true)
public final class DragCommand implements Callable<Integer> {
  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "IMAGE", description = "The picture.")
  Path image = Path.of("");

  @Option(
      names = "--from",
      required = true,
      paramLabel = "x,y,w,h",
      converter = Rectangle.Converter.class,
      description = "What to move, in pixels of the picture; may be repeated.")
  List<Rectangle> from = new ArrayList<>();

  @Option(
      names = "--to",
      required = true,
      paramLabel = "x,y,w,h",
      converter = Rectangle.Converter.class,
      description = "Where to; one for each --from, in the same order.")
  List<Rectangle> to = new ArrayList<>();

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "What the picture shows.")
  String prompt = "";

  @Option(
      names = "--mask",
      paramLabel = "MASK.png",
      description =
          "What may change, as large as the picture: where it is bright. Default: handles and"
              + " targets, and what is around them.")
  Optional<Path> mask = Optional.empty();

  @Option(
      names = "--save",
      paramLabel = "DOC.json",
      description =
          "Write the edit document as well, before the edit; without a model and -o nothing else is"
              + " done.")
  Optional<Path> save = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      description = "The edited picture. Default: IMAGE-edited.png in the current folder.")
  Optional<Path> output = Optional.empty();

  @Mixin final EditOptions options = new EditOptions();
  @Mixin final GlimpseOptions glimpses = new GlimpseOptions();

  /** Runs in this process. */
  public DragCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    if (from.size() != to.size()) {
      throw new ParameterException(
          spec.commandLine(),
          "--to: expected one for each of " + from.size() + " --from, got " + to.size());
    }
    boolean alone = save.isPresent() && options.run.model.folder().isEmpty() && output.isEmpty();
    Optional<OutputFile> saved =
        save.isPresent()
            ? Optional.of(options.overwrite.file(spec, "--save", save.get()))
            : Optional.empty();
    if (saved.isPresent()) {
      saved.get().check(sources());
    }
    var progress = options.run.show.progress(spec, host);
    var out = alone ? Optional.<OutputFile>empty() : Optional.of(out(saved));
    var document = document(progress::warn);
    var folder = Edit.folder(save.orElse(image));
    var edit = Edit.of(folder, document, Optional.of(image), progress::warn);
    if (saved.isPresent()) {
      saved.get().write(document.toJson());
    }
    if (out.isEmpty()) {
      var size = ModelSize.of(options.run.model, document, folder);
      var tasks = edit.checked().tasks(size.side(), size.factor());
      edit.checked().warnings(tasks).forEach(progress::warn);
      var err = spec.commandLine().getErr();
      err.println("drag4j: the document alone was written; name a --model to edit as well");
      err.flush();
      var name = saved.map(OutputFile::path).map(Path::toString).orElse("");
      var json = new LinkedHashMap<String, Object>();
      json.put("document", name);
      json.put("warnings", progress.takeWarnings());
      options.run.show.print(spec, json, name);
      return ExitCode.OK;
    }
    options.run.engine.setup().prepare();
    var keeping = options.keeping(spec, Keeping.NOTHING);
    try (progress) {
      var edited =
          Edited.of(
              edit,
              options.run.model.required(),
              out.get(),
              options.run.engine,
              keeping,
              glimpses,
              options.metadata,
              progress);
      edited.save(options.metadata, progress);
      edited.print(spec, options.run, progress);
    }
    return ExitCode.OK;
  }

  /** Where the edited picture goes, checked before anything is read or written. */
  private OutputFile out(Optional<OutputFile> saved) throws IOException {
    var out =
        options.overwrite.picture(spec, output.orElseGet(() -> OutputFile.edited(image)), save);
    out.check(sources());
    glimpses.check(spec, out, sources());
    if (saved.isPresent()) {
      out.checkApart(saved.get());
    }
    return out;
  }

  /** What is read. */
  private Path[] sources() {
    return Stream.concat(Stream.of(image), mask.stream()).toArray(Path[]::new);
  }

  private EditDocument document(Consumer<String> warnings) {
    var drags = new ArrayList<Drag>();
    for (int i = 0; i < from.size(); i++) {
      drags.add(Drag.region(from.get(i).area(), to.get(i).area()));
    }
    var folder = Edit.folder(save.orElse(image));
    var name = Edit.name(image, folder);
    var document =
        Documents.of(new EditDocument.Image(name, Optional.empty()), prompt, drags)
            .withMask(mask.map(png -> Edit.mask(png, folder, warnings)));
    return options.document.applied(document, MaskFiles.in(folder, warnings));
  }
}
