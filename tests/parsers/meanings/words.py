"""Words that change what a sentence says, per language; ours, and not the ones the reader knows.

`{}` is the sentence as it stood, without its closing mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's ways to unsay a sentence."""

    denied: tuple[tuple[str, str], ...]
    """Pattern and replacement inside the sentence; the first that fits."""
    later: tuple[tuple[str, str], ...]
    denials: tuple[str, ...]
    conditions: tuple[str, ...]
    futures: tuple[str, ...]
    questions: tuple[str, ...]
    reports: tuple[str, ...]
    """Receipts, and what others say: no statement of the marketplace."""
    cancelled: str
    """Predicates that stand behind an item's title."""
    failed: str
    refused: str
    delayed: str
    subject: str
    """A subject that says nothing."""
    text: str
    """A sentence that says nothing of an order."""
    wrote: str
    """The line above an earlier mail."""
    original: tuple[str, str, str]
    """The head of an earlier mail: its title, From, Subject."""
    other_party: str
    """The label of what the other side says."""


WORDS: Mapping[str, Words] = {
    "en": Words(
        denied=((r"\b(was|were|is|are|has|have|will|can|could)\b", r"\1 not"),),
        later=((r"\b(?:was|were|is|are|has been|have been|has|have)\b", "will be"),),
        denials=("Not {}", "{} could not be completed", "It is not true: {}"),
        conditions=(
            "If {}, please tell us",
            "{} unless you reply in time",
            "Once {}, we will write again",
        ),
        futures=("{} is planned for tomorrow", "Coming soon: {}"),
        questions=("{}?", "Has this happened: {}?"),
        reports=("We received your question about this: {}", "The seller claims: {}"),
        cancelled=" has been cancelled",
        failed=" could not be delivered",
        refused=" was refused",
        delayed=" is running late",
        subject="A note for you",
        text="We have changed how our messages look.",
        wrote="On Mon, 4 May 2026 at 10:12 they wrote:",
        original=("-----Original Message-----", "From", "Subject"),
        other_party="Seller's claim",
    ),
    "de": Words(
        denied=((r"\b(wurden?|ist|sind|wird|werden|hat|haben)\b(.*?)(\w+)$", r"\1\2nicht \3"),),
        later=((r"\b(?:wurden?|ist|sind|hat|haben)\b", "wird morgen"),),
        denials=("Nicht {}", "{} konnte nicht abgeschlossen werden", "Das stimmt nicht: {}"),
        conditions=(
            "Falls {}, melden Sie sich bitte",
            "{}, sofern Sie nicht antworten",
            "Sobald {}, schreiben wir erneut",
        ),
        futures=("{} ist für morgen geplant", "In Kürze: {}"),
        questions=("{}?", "Ist das geschehen: {}?"),
        reports=("Wir haben Ihre Frage dazu erhalten: {}", "Der Verkäufer behauptet: {}"),
        cancelled=" wurde storniert",
        failed=" konnte nicht zugestellt werden",
        refused=" wurde abgelehnt",
        delayed=" verspätet sich",
        subject="Ein Hinweis für Sie",
        text="Unsere Nachrichten sehen jetzt anders aus.",
        wrote="Am 4. Mai 2026 um 10:12 schrieb man:",
        original=("-----Ursprüngliche Nachricht-----", "Von", "Betreff"),
        other_party="Angabe des Verkäufers",
    ),
    "fr": Words(
        denied=(
            (r"\b(a|ont|est)\b", r"n'\1 pas"),
            (r"\b(sont|sera|seront|va)\b", r"ne \1 pas"),
        ),
        later=((r"\b(?:a été|ont été|est|sont|a|ont)\b", "sera"),),
        denials=("Non {}", "{} n'a pas pu aboutir", "Ceci est faux : {}"),
        conditions=(
            "Si {}, écrivez-nous",
            "{} sauf si vous répondez à temps",
            "Une fois que {}, nous vous écrirons",
        ),
        futures=("{} est prévu pour demain", "Bientôt : {}"),
        questions=("{} ?", "Est-ce arrivé : {} ?"),
        reports=("Nous avons reçu votre question à ce sujet : {}", "Le vendeur affirme : {}"),
        cancelled=" a été annulé",
        failed=" n'a pas pu être livré",
        refused=" a été refusé",
        delayed=" est en retard",
        subject="Un mot pour vous",
        text="Nos messages ont changé d'aspect.",
        wrote="Le 4 mai 2026 à 10:12, on a écrit :",
        original=("-----Message d'origine-----", "De", "Objet"),
        other_party="Réponse du vendeur",
    ),
    "it": Words(
        denied=((r"(?<!\w)(è|sono|ha|hanno|sarà|verrà)(?!\w)", r"non \1"),),
        later=((r"(?<!\w)(?:è stato|è stata|sono stati|è|sono|ha|hanno)(?!\w)", "sarà"),),
        denials=("Non {}", "{} non è andato a buon fine", "Non è vero: {}"),
        conditions=(
            "Se {}, scrivici",
            "{} a meno che tu non risponda in tempo",
            "Una volta che {}, ti scriveremo",
        ),
        futures=("{} è previsto per domani", "Prossimamente: {}"),
        questions=("{}?", "È successo: {}?"),
        reports=("Abbiamo ricevuto la tua domanda al riguardo: {}", "Il venditore afferma: {}"),
        cancelled=" è stato annullato",
        failed=" non è stato consegnato",
        refused=" è stato rifiutato",
        delayed=" è in ritardo",
        subject="Una nota per te",
        text="I nostri messaggi hanno un nuovo aspetto.",
        wrote="Il 4 maggio 2026 alle 10:12 hanno scritto:",
        original=("-----Messaggio originale-----", "Da", "Oggetto"),
        other_party="Risposta del venditore",
    ),
    "es": Words(
        denied=(
            (r"\b(se ha|se han|ha|han|fue|fueron|será)\b", r"no \1"),
            (r"(?<!\w)(está|están|va)(?!\w)", r"no \1"),
        ),
        later=((r"(?<!\w)(?:ha sido|han sido|se ha|fue|fueron|está|ha)(?!\w)", "será"),),
        denials=("No {}", "{} no se pudo completar", "Esto no es cierto: {}"),
        conditions=(
            "Si {}, escríbenos",
            "{} a menos que respondas a tiempo",
            "Una vez que {}, te escribiremos",
        ),
        futures=("{} está previsto para mañana", "Próximamente: {}"),
        questions=("¿{}?", "¿Ha ocurrido esto: {}?"),
        reports=("Hemos recibido tu pregunta sobre esto: {}", "El vendedor afirma: {}"),
        cancelled=" ha sido cancelado",
        failed=" no se pudo entregar",
        refused=" ha sido rechazado",
        delayed=" se retrasa",
        subject="Una nota para ti",
        text="Nuestros mensajes tienen un aspecto nuevo.",
        wrote="El 4 de mayo de 2026 a las 10:12 escribieron:",
        original=("-----Mensaje original-----", "De", "Asunto"),
        other_party="Respuesta del vendedor",
    ),
    "pt": Words(
        denied=((r"(?<!\w)(foi|foram|está|estão|será|saiu|temos)(?!\w)", r"não \1"),),
        later=((r"(?<!\w)(?:foi|foram|está|estão|saiu)(?!\w)", "será"),),
        denials=("Não {}", "{} não pôde ser concluído", "Isto não é verdade: {}"),
        conditions=(
            "Se {}, escreva para nós",
            "{} a menos que você responda a tempo",
            "Assim que {}, escreveremos de novo",
        ),
        futures=("{} está previsto para amanhã", "Em breve: {}"),
        questions=("{}?", "Isto aconteceu: {}?"),
        reports=("Recebemos sua pergunta sobre isto: {}", "O vendedor afirma: {}"),
        cancelled=" foi cancelado",
        failed=" não pôde ser entregue",
        refused=" foi recusado",
        delayed=" está atrasado",
        subject="Uma nota para você",
        text="Nossas mensagens têm uma nova aparência.",
        wrote="Em 4 de maio de 2026 às 10:12 escreveram:",
        original=("-----Mensagem original-----", "De", "Assunto"),
        other_party="Resposta do vendedor",
    ),
    "nl": Words(
        denied=((r"\b(is|zijn|wordt|worden|werd|werden|heeft|hebben)\b", r"\1 niet"),),
        later=((r"\b(?:is|zijn|werd|werden|heeft|hebben)\b", "wordt morgen"),),
        denials=("Niet {}", "{} kon niet worden voltooid", "Dit klopt niet: {}"),
        conditions=(
            "Als {}, neem dan contact op",
            "{}, tenzij je op tijd antwoordt",
            "Zodra {}, schrijven we opnieuw",
        ),
        futures=("{} staat gepland voor morgen", "Binnenkort: {}"),
        questions=("{}?", "Is dit gebeurd: {}?"),
        reports=("We hebben je vraag hierover ontvangen: {}", "De verkoper beweert: {}"),
        cancelled=" is geannuleerd",
        failed=" kon niet worden bezorgd",
        refused=" is afgewezen",
        delayed=" is vertraagd",
        subject="Een bericht voor je",
        text="Onze berichten zien er nu anders uit.",
        wrote="Op 4 mei 2026 om 10:12 schreef men:",
        original=("-----Oorspronkelijk bericht-----", "Van", "Onderwerp"),
        other_party="Antwoord van de verkoper",
    ),
    "pl": Words(
        denied=((r"(?<!\w)(został\w*|jest|są|zostanie|będzie)(?!\w)", r"nie \1"),),
        later=((r"(?<!\w)(?:został\w*|jest|są)(?!\w)", "zostanie jutro"),),
        denials=("Nie {}", "{} nie powiodło się", "To nieprawda: {}"),
        conditions=(
            "Jeśli {}, napisz do nas",
            "{}, chyba że odpowiesz na czas",
            "Gdy tylko {}, napiszemy ponownie",
        ),
        futures=("{} jest planowane na jutro", "Wkrótce: {}"),
        questions=("{}?", "Czy to się stało: {}?"),
        reports=("Otrzymaliśmy Twoje pytanie w tej sprawie: {}", "Sprzedawca twierdzi: {}"),
        cancelled=" zostało anulowane",
        failed=" nie mogło zostać doręczone",
        refused=" zostało odrzucone",
        delayed=" jest opóźnione",
        subject="Wiadomość dla Ciebie",
        text="Nasze wiadomości mają nowy wygląd.",
        wrote="4 maja 2026 o 10:12 napisano:",
        original=("-----Oryginalna wiadomość-----", "Od", "Temat"),
        other_party="Odpowiedź sprzedawcy",
    ),
    "ja": Words(
        denied=(
            (r"されました", "されませんでした"),
            (r"いたしました", "いたしませんでした"),
            (r"しました", "しませんでした"),
            (r"ました", "ませんでした"),
            (r"済み", "済みではありません"),
            (r"完了", "未完了"),
        ),
        later=(
            (r"されました", "される予定です"),
            (r"いたしました", "いたす予定です"),
            (r"しました", "する予定です"),
            (r"ました", "る予定です"),
        ),
        denials=("{}できませんでした", "次は誤りです：{}", "{}ということはありません"),
        conditions=(
            "{}場合は、ご連絡ください",
            "期限までに返信がないと{}",
            "もし{}なら、お知らせください",
        ),
        futures=("{}予定です", "近日中に：{}"),
        questions=("{}か？", "次のとおりですか：{}？"),
        reports=("次の件についてお問い合わせを受け付けました：{}", "販売者の主張によると、{}"),
        cancelled="はキャンセルされました",
        failed="は配達できませんでした",
        refused="は拒否されました",
        delayed="は遅れています",
        subject="お客様へのご案内",
        text="メールの見た目が新しくなりました。",
        wrote="2026年5月4日 10:12 のメール:",
        original=("-----元のメッセージ-----", "差出人", "件名"),
        other_party="販売者の主張",
    ),
    "ko": Words(
        denied=(
            (r"되었습니다", "되지 않았습니다"),
            (r"했습니다", "하지 않았습니다"),
            (r"되고 있습니다", "되고 있지 않습니다"),
            (r"완료", "미완료"),
        ),
        later=(
            (r"되었습니다", "될 예정입니다"),
            (r"했습니다", "할 예정입니다"),
            (r"완료", "완료 예정"),
        ),
        denials=("{} 하지 못했습니다", "다음은 사실이 아닙니다: {}", "{} 아닙니다"),
        conditions=(
            "{} 경우 연락해 주세요",
            "답변이 없으면 {}",
            "만약 {}면 알려 주세요",
        ),
        futures=("{} 예정입니다", "곧: {}"),
        questions=("{}?", "다음이 맞습니까: {}?"),
        reports=("다음에 대한 문의를 받았습니다: {}", "판매자의 주장: {}"),
        cancelled="이(가) 취소되었습니다",
        failed="을(를) 배송하지 못했습니다",
        refused="이(가) 거절되었습니다",
        delayed="이(가) 지연되고 있습니다",
        subject="안내 말씀",
        text="메일의 모양이 새로워졌습니다.",
        wrote="2026년 5월 4일 10:12에 쓴 메일:",
        original=("-----원본 메시지-----", "보낸 사람", "제목"),
        other_party="판매자의 주장",
    ),
}
