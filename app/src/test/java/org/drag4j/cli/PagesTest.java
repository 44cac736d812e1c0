package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.drag4j.cli.console.Host;
import org.drag4j.document.EditDocument;
import org.drag4j.document.Settings;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.method.Methods;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.session.CheckedEdit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** README and pages say what the program does. */
class PagesTest {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final JsonNode SCHEMA = MAPPER.readTree(Documents.schema());
  private static final Path ROOT = root();

  /** What the launcher answers itself. */
  private static final Set<String> LAUNCHER = Set.of("test", "dist");

  private static final long MAX_IMAGES = 3 << 20;

  /** Headings of docs/document.md, by the object of the schema they are about. */
  private static final Map<String, String> OBJECTS =
      Map.ofEntries(
          Map.entry("", "The document"),
          Map.entry("/$defs/image", "Image"),
          Map.entry("/properties/working", "Working"),
          Map.entry("/properties/model", "Model"),
          Map.entry("/$defs/drag", "Drags"),
          Map.entry("/$defs/drag/properties/move", "Move"),
          Map.entry("/$defs/arrow", "Arrows"),
          Map.entry("/$defs/area", "Regions"),
          Map.entry("/$defs/area/properties/ellipse", "Ellipse"),
          Map.entry("/$defs/area/properties/brush", "Brush"));

  /** Headings of docs/parameters.md, by what declares the options below them. */
  private static final Map<String, String> SHARED =
      Map.of(
          "ModelOption", "The model",
          "DocumentOptions", "Changing the document",
          "Image", "Another picture",
          "EngineOptions", "Where and how it runs",
          "InversionOptions", "Inversions on disk",
          "OutputOptions", "What is shown",
          "GlimpseOptions", "Pictures meanwhile",
          "ProgressOption", "Progress",
          "MetadataOption", "What the picture carries",
          "OverwriteOption", "Replacing files");

  private static final String GENERATED = "## Every option";

  private static Path root() {
    var folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("docs").resolve("document.md"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("docs: expected the folder above the tests, got none");
      }
    }
    return folder;
  }

  static String page(String name) {
    try {
      return Files.readString(ROOT.resolve(name));
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  static List<String> pages() throws IOException {
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      return Stream.concat(
              Stream.of("README.md", "samples/README.md"),
              docs.map(file -> "docs/" + file.getFileName()).filter(name -> name.endsWith(".md")))
          .sorted()
          .toList();
    }
  }

  private static List<String> blocks(String page, String language) {
    var blocks = new ArrayList<String>();
    var fence = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$").matcher(page);
    while (fence.find()) {
      if (fence.group(1).equals(language)) {
        blocks.add(fence.group(2));
      }
    }
    return blocks;
  }

  private static CommandLine commands() {
    return Drag4j.commandLine(new Host(Map.of(), false, () -> false));
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    int links = 0;
    var used = new TreeSet<String>();
    for (var name : pages()) {
      var file = ROOT.resolve(name);
      var link = Pattern.compile("\\]\\(([^)\\s]+)\\)").matcher(page(name));
      while (link.find()) {
        String to = link.group(1);
        if (to.startsWith("https://")) {
          continue;
        }
        links++;
        String path = to.replaceAll("#.*", "");
        var target = path.isEmpty() ? file : file.resolveSibling(path).normalize();
        assertTrue(Files.exists(target), name + ": " + to + " leads nowhere");
        used.add(ROOT.relativize(target).toString().replace('\\', '/'));
        if (to.contains("#")) {
          String anchor = to.substring(to.indexOf('#') + 1);
          assertTrue(anchors(Files.readString(target)).contains(anchor), name + ": " + to);
        }
      }
    }
    assertTrue(links > 20, "links were found: " + links);
    try (Stream<Path> images = Files.list(ROOT.resolve("docs/images"))) {
      for (var image : images.toList()) {
        String path = "docs/images/" + image.getFileName();
        assertTrue(used.contains(path), path + ": expected a page that shows it, got none");
      }
    }
  }

  private static Set<String> anchors(String page) {
    return Pattern.compile("(?m)^#+ (.*)$")
        .matcher(page)
        .results()
        .map(heading -> heading.group(1).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9 _-]", ""))
        .map(heading -> heading.replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @Test
  void picturesAreSmallAndCarryNoTexts() throws IOException {
    long total = 0;
    try (Stream<Path> images = Files.list(ROOT.resolve("docs/images"))) {
      for (var image : images.toList()) {
        total += Files.size(image);
        assertTrue(ImageIO.read(image.toFile()) != null, image + " is a picture");
        if (PictureFiles.isPng(image)) {
          assertEquals(Map.of(), PictureFiles.texts(image), image.toString());
        }
      }
    }
    assertTrue(total > 0 && total < MAX_IMAGES, "docs/images: " + total + " bytes");
  }

  @Test
  void commandsOfThePagesAreAccepted() throws IOException {
    int accepted = 0;
    for (var name : pages()) {
      for (var block : blocks(page(name), "")) {
        for (var line : block.replaceAll("\\\\\\n\\s*", " ").split("\\n", -1)) {
          // Words with strokes are choices in a synopsis, not a command to type.
          if (!line.startsWith("./drag4j ") || line.contains("|")) {
            continue;
          }
          var words = words(line.substring("./drag4j ".length()));
          if (LAUNCHER.contains(words.getFirst())) {
            continue;
          }
          try {
            var parsed = commands().parseArgs(words.toArray(String[]::new));
            assertTrue(parsed.hasSubcommand(), name + ": " + line);
          } catch (CommandLine.ParameterException e) {
            throw new AssertionError(name + ": " + line + ": " + e.getMessage(), e);
          }
          accepted++;
        }
      }
    }
    assertTrue(accepted > 12, "commands were found: " + accepted);
  }

  /** The words a shell makes of a line. */
  static List<String> words(String line) {
    var words = new ArrayList<String>();
    Matcher word =
        Pattern.compile("\\s*(?:(#.*)|((?:\"[^\"]*\"|'[^']*'|[^\\s\"'])+))").matcher(line);
    while (word.lookingAt()) {
      if (word.group(1) != null) {
        break;
      }
      words.add(word.group(2).replaceAll("[\"']", ""));
      word.region(word.end(), line.length());
    }
    return words;
  }

  @Test
  void theReadmeNamesEveryVerb() {
    String readme = page("README.md");
    for (var verb : commands().getSubcommands().keySet()) {
      assertTrue(
          Pattern.compile("`(drag4j |\\./drag4j )?" + verb + "[ `]").matcher(readme).find(), verb);
    }
  }

  @Test
  void examplesOfDocumentsAreDocuments() throws IOException {
    int documents = 0;
    int drags = 0;
    int areas = 0;
    for (var name : pages()) {
      for (var block : blocks(page(name), "json")) {
        var node = (ObjectNode) MAPPER.readTree(block);
        if (node.has("format")) {
          parse(name, node);
          documents++;
        } else if (node.has("handle")) {
          parse(name, around(node, null));
          drags++;
        } else {
          var drag = MAPPER.createObjectNode();
          drag.set("handle", node);
          drag.set("target", node);
          parse(name, around(drag, node));
          areas++;
        }
      }
    }
    assertTrue(documents >= 2 && drags >= 3 && areas >= 5, documents + " " + drags + " " + areas);
  }

  private static ObjectNode around(JsonNode drag, @Nullable JsonNode mask) {
    var document = MAPPER.createObjectNode();
    document.put("format", EditDocument.FORMAT);
    document.putObject("image").put("file", "cat.png");
    document.putArray("drags").add(drag);
    if (mask != null) {
      document.set("mask", mask);
    }
    return document;
  }

  private static void parse(String origin, JsonNode document) {
    var parsed =
        Documents.parse(
            origin,
            MAPPER.writeValueAsString(document).getBytes(StandardCharsets.UTF_8),
            _ -> RegionMask.all(512, 512));
    // What an example asks for can be done in a picture of this size.
    var _ = CheckedEdit.of(parsed, Picture.of(512, 512, new byte[512 * 512 * 3]));
  }

  @Test
  void everyFieldOfTheSchemaIsDescribed() {
    var page = page("docs/document.md");
    var objects = new TreeSet<String>();
    collect("", SCHEMA, objects);
    Methods.names().forEach(name -> assertTrue(objects.remove("/$defs/" + name), name));
    assertEquals(new TreeSet<>(OBJECTS.keySet()), objects, "a heading for every object");
    for (var object : objects) {
      String heading = OBJECTS.getOrDefault(object, "");
      var rows = rows(section(page, heading), "| field |");
      var schema = SCHEMA.at(object);
      var names = new ArrayList<String>();
      for (var property : schema.get("properties").properties()) {
        String field = property.getKey();
        names.add("`" + field + "`");
        var row = rows.getOrDefault("`" + field + "`", List.of());
        String where = "docs/document.md, " + heading + ": " + field;
        assertFalse(row.isEmpty(), where + ": expected a row, got none");
        describes(where, row, property.getValue(), schema, field);
      }
      assertEquals(names, List.copyOf(rows.keySet()), heading);
    }
  }

  /** The tables of parameters are what their records say of themselves. */
  @Test
  void everyParameterIsDescribed() {
    var page = page("docs/document.md");
    String working = Settings.of(EditDocument.Working.class).table();
    assertEquals(working, parameters(section(page, "Working")));
    for (var name : Methods.names()) {
      String rows = parameters(section(page, name));
      String first = "| `name` | text | `" + name + "` | ";
      assertTrue(rows.startsWith(first), rows);
      assertEquals(Methods.settings(name).table(), rows.substring(rows.indexOf('\n') + 1));
    }
  }

  private static String parameters(String section) {
    return section
        .lines()
        .filter(line -> line.startsWith("| `"))
        .map(line -> line + "\n")
        .collect(Collectors.joining());
  }

  private static void describes(
      String where, List<String> row, JsonNode declared, JsonNode object, String field) {
    assertEquals(5, row.size(), where);
    assertEquals(type(declared), row.get(1).replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1"), where);
    var numbers =
        Pattern.compile("-?\\d+(\\.\\d+)?")
            .matcher(row.get(2))
            .results()
            .map(found -> Double.parseDouble(found.group()))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(numbers(declared), numbers, where + ": numbers of its range");
    for (var choice : declared.path("enum")) {
      assertTrue(row.get(2).contains("`" + choice.asString() + "`"), where + ": " + choice);
    }
    assertEquals(
        declared.path("enum").size(),
        declared.has("enum") ? row.get(2).split(",", -1).length : 0,
        where + ": choices");
    boolean required =
        object.path("required").valueStream().anyMatch(name -> name.asString().equals(field));
    var value = declared.get("default");
    if (required) {
      assertEquals("required", row.get(3), where);
    } else if (value != null) {
      boolean bare = value.isString() && !value.asString().isEmpty();
      String text = bare ? value.asString() : value.toString().replace(",", ", ");
      assertEquals("`" + text + "`", row.get(3), where);
    } else {
      assertFalse(row.get(3).isEmpty() || row.get(3).equals("required"), where);
    }
    assertTrue(row.get(4).length() > 10, where + ": expected a meaning, got " + row.get(4));
  }

  /** What a field takes, in words. */
  private static String type(JsonNode declared) {
    String reference = declared.path("$ref").asString("").replace("#/$defs/", "");
    return switch (reference) {
      case "text", "point", "drag", "arrow", "image" -> reference;
      case "area" -> "region";
      case "coordinate" -> "number";
      default ->
          switch (declared.path("type").asString(declared.has("anyOf") ? "object" : "string")) {
            case "string" -> "text";
            case "integer" -> "whole number";
            case "boolean" -> "true or false";
            case "number" -> declared.has("multipleOf") ? "whole number" : "number";
            case "array" -> "list of " + plural(type(declared.get("items")));
            case "object" -> "object";
            default -> throw new AssertionError(declared.toString());
          };
    };
  }

  private static String plural(String type) {
    return type.startsWith("list of ") ? "lists" + type.substring("list".length()) : type + "s";
  }

  /** The bounds of a field's values; those of what it lists only where they are numbers. */
  private static Set<Double> numbers(JsonNode declared) {
    var numbers = new TreeSet<Double>();
    var values = resolved(declared);
    for (var bound :
        List.of("minimum", "exclusiveMinimum", "maximum", "minItems", "maxItems", "maxLength")) {
      if (values.has(bound)) {
        numbers.add(values.get(bound).asDouble());
      }
    }
    if (values.path("pattern").asString("").contains("{64}")) {
      numbers.add(64.0);
    }
    if (values.has("items")
        && resolved(values.get("items")).path("type").asString("").equals("number")) {
      numbers.addAll(numbers(values.get("items")));
    }
    if (values.path("const").isString()) {
      numbers.addAll(
          Pattern.compile("-?\\d+")
              .matcher(values.get("const").asString())
              .results()
              .map(found -> Double.parseDouble(found.group()))
              .toList());
    }
    return numbers;
  }

  private static JsonNode resolved(JsonNode declared) {
    String reference = declared.path("$ref").asString("");
    boolean scalar =
        Set.of("text", "point", "coordinate").contains(reference.replace("#/$defs/", ""));
    return scalar ? SCHEMA.at(reference.substring(1)) : declared;
  }

  private static void collect(String pointer, JsonNode node, Set<String> objects) {
    if (node instanceof ObjectNode object) {
      if (object.path("type").asString("").equals("object")) {
        objects.add(pointer);
      }
      object.properties().forEach(e -> collect(pointer + "/" + e.getKey(), e.getValue(), objects));
    }
  }

  /** The text below a heading, up to the next one. */
  private static String section(String page, String heading) {
    var found =
        Pattern.compile("(?ms)^#+ " + Pattern.quote(heading) + "$(.*?)(?=^#|\\z)").matcher(page);
    assertTrue(found.find(), "expected the heading " + heading + ", got none");
    return found.group(1);
  }

  /** The rows of a table whose first line begins so, by their first cells. */
  private static Map<String, List<String>> rows(String section, String begin) {
    var rows = new LinkedHashMap<String, List<String>>();
    boolean inside = false;
    for (var line : section.split("\\n", -1)) {
      if (line.startsWith(begin)) {
        inside = true;
      } else if (!line.startsWith("|")) {
        inside = false;
      } else if (inside && !line.startsWith("|---")) {
        var cells =
            Stream.of(line.substring(1, line.length() - 1).split("(?<!\\\\)\\|", -1))
                .map(String::strip)
                .toList();
        rows.put(cells.getFirst(), cells);
      }
    }
    return rows;
  }

  /** The second part of docs/parameters.md is what the commands declare. */
  @Test
  void parametersListEveryOption() throws IOException {
    var page = page("docs/parameters.md");
    int at = page.indexOf(GENERATED);
    assertTrue(at > 0, "docs/parameters.md: expected " + GENERATED);
    String expected = page.substring(0, at) + options();
    if (!expected.equals(page)) {
      var fresh = Path.of("target", "parameters.md").toAbsolutePath();
      Files.createDirectories(fresh.getParent());
      Files.writeString(fresh, expected);
      var missing = new TreeSet<>(expected.lines().toList());
      missing.removeAll(page.lines().toList());
      fail("docs/parameters.md: expected " + missing + "; copy " + fresh + " over it");
    }
  }

  private static String options() {
    var shared = new TreeMap<String, CommandLine.Model.CommandSpec>();
    var users = new TreeMap<String, List<String>>();
    var out =
        new StringBuilder(GENERATED + "\n\nWhat `./drag4j help COMMAND` says, in one place.\n");
    verbs("", commands().getCommandSpec(), shared, users, out);
    assertEquals(SHARED.keySet(), shared.keySet(), "a heading for everything that is shared");
    for (var group : shared.entrySet()) {
      out.append("\n### ").append(SHARED.get(group.getKey())).append("\n\n");
      out.append("For ")
          .append(
              users.getOrDefault(group.getKey(), List.of()).stream()
                  .map(verb -> "`" + verb + "`")
                  .collect(Collectors.joining(", ")))
          .append(".\n");
      table(group.getValue().options(), List.of(), out);
    }
    return out.toString();
  }

  private static void verbs(
      String prefix,
      CommandLine.Model.CommandSpec commands,
      Map<String, CommandLine.Model.CommandSpec> shared,
      Map<String, List<String>> users,
      StringBuilder out) {
    for (var sub : commands.subcommands().entrySet()) {
      String verb = prefix + sub.getKey();
      var spec = sub.getValue().getCommandSpec();
      if (!spec.subcommands().isEmpty()) {
        verbs(verb + " ", spec, shared, users, out);
        continue;
      }
      if (verb.equals("help")) {
        continue;
      }
      var own = new ArrayList<>(spec.options());
      shared(spec)
          .forEach((name, mixin) -> {
            own.removeAll(mixin.options());
            if (SHARED.containsKey(name)) {
              shared.putIfAbsent(name, mixin);
              users.computeIfAbsent(name, _ -> new ArrayList<>()).add(verb);
            } else {
              assertTrue(name.equals("AutoHelpMixin"), "docs/parameters.md: a heading for " + name);
            }
          });
      out.append("\n### ").append(verb).append("\n\n");
      out.append(String.join(" ", spec.usageMessage().description())).append('\n');
      table(own, spec.positionalParameters(), out);
    }
  }

  /** The options that verbs share, by class; those that gather others are looked into. */
  private static Map<String, CommandLine.Model.CommandSpec> shared(
      CommandLine.Model.CommandSpec spec) {
    var found = new LinkedHashMap<String, CommandLine.Model.CommandSpec>();
    for (var mixin : spec.mixins().values()) {
      String name = mixin.userObject().getClass().getSimpleName();
      if (SHARED.containsKey(name) || mixin.mixins().isEmpty()) {
        found.put(name, mixin);
      } else {
        found.putAll(shared(mixin));
      }
    }
    return found;
  }

  private static void table(
      List<CommandLine.Model.OptionSpec> options,
      List<CommandLine.Model.PositionalParamSpec> parameters,
      StringBuilder out) {
    if (options.isEmpty() && parameters.isEmpty()) {
      return;
    }
    out.append("\n| option | meaning |\n|---|---|\n");
    parameters.forEach(p -> row(p.paramLabel(), p.description(), out));
    for (var option : options) {
      String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
      row(String.join(", ", option.names()) + value, option.description(), out);
    }
  }

  private static void row(String name, String[] description, StringBuilder out) {
    String meaning = String.join(" ", description);
    assertFalse(meaning.isBlank(), name + ": expected a description");
    out.append("| `")
        .append(name.replace("|", "\\|"))
        .append("` | ")
        .append(meaning.replace("|", "\\|"))
        .append(" |\n");
  }

  /** Every parameter of an edit has a hint, and every hint is about something there is. */
  @Test
  void hintsAreAboutWhatThereIs() {
    var page = page("docs/parameters.md");
    var hints = page.substring(0, page.indexOf(GENERATED));
    var fields = new TreeSet<String>();
    Settings.of(EditDocument.Working.class).names().forEach(name -> fields.add("working." + name));
    for (var method : Methods.names()) {
      Methods.settings(method).names().forEach(name -> fields.add("method." + name));
    }
    fields.addAll(Set.of("prompt", "mask", "seed"));
    var rows = new TreeSet<>(rows(hints, "| parameter |").keySet());
    assertEquals(fields.stream().map(f -> "`" + f + "`").collect(Collectors.toSet()), rows);

    var known = new TreeSet<String>();
    names(commands().getCommandSpec(), known);
    var words = Pattern.compile("`([^`]*)`").matcher(hints).results().map(m -> m.group(1)).toList();
    for (var word : words) {
      var option = Pattern.compile("(?:^|\\s)(--[a-z-]+)").matcher(word);
      while (option.find()) {
        assertTrue(known.contains(option.group(1)), "docs/parameters.md: " + word);
      }
      var field = Pattern.compile("\\b((?:method|working)\\.[A-Za-z]+)").matcher(word);
      while (field.find()) {
        assertTrue(fields.contains(field.group(1)), "docs/parameters.md: " + word);
      }
    }
  }

  private static void names(CommandLine.Model.CommandSpec spec, Set<String> names) {
    names.addAll(spec.optionsMap().keySet());
    spec.subcommands().values().forEach(sub -> names(sub.getCommandSpec(), names));
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/regiondrag.md"})
  void thereIsSomethingToSee(String name) {
    long pictures = Pattern.compile("!\\[[^]]+]\\(").matcher(page(name)).results().count();
    assertTrue(pictures >= 1, name + ": pictures, each with words for those who cannot see it");
  }
}
