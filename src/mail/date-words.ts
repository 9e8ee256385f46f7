// The words around a day, in many languages: names of months, what says "I am back on", what says "until". Data for return-date.ts. All are
// compared as comparable() of reply-phrases.ts leaves them: lower-case, without accents.
import { comparable } from './reply-phrases.ts';

/** January to December; names, declined forms and abbreviations of a language apart by blanks. */
const MONTH_NAMES: readonly string[] = [
  `january jan janv januar janner jaenner janvier enero ene gennaio gen janeiro januari januara tammikuu tammikuuta tammikuun stycznia styczen ledna leden januára januar jan ianuarie ian ocak oca ιανουαριου января январь янв січня ιαν sijecnja januarja januaris يناير ינואר`,
  `february feb febr februar feber fevrier fevr fev febrero febbraio fevereiro februari februara helmikuu helmikuuta helmikuun lutego luty unora unor februara februarie subat sub φεβρουαριου февраля февраль фев лютого veljace februarja فبراير פברואר`,
  `march mar maerz marz mrz mars marzo março marco maart mrt marts maaliskuu maaliskuuta maaliskuun marca marzec brezna brezen marec marcius martie mart μαρτιου марта март мар березня ožujka marca مارس מרץ`,
  `april apr avril avr abril abr aprile aprili huhtikuu huhtikuuta huhtikuun kwietnia kwiecien dubna duben aprila aprilie nisan nis απριλιου апреля апрель апр квітня travnja aprilja أبريل אפריל`,
  `may mai mayo maggio mag maio mei maj maja toukokuu toukokuuta toukokuun kvetna kveten maja majus mayis μαιου мая май травня svibnja مايو מאי`,
  `june jun juni juin junio giugno giu junho juno kesakuu kesakuuta kesakuun czerwca czerwiec cervna cerven juna junius iunie iun haziran haz ιουνιου июня июнь июн червня lipnja junija يونيو יוני`,
  `july jul juli juillet juil julio luglio lug julho heinakuu heinakuuta heinakuun lipca lipiec cervence cervenec jula julius iulie iul temmuz tem ιουλιου июля июль июл липня srpnja julija يوليو יולי`,
  `august aug aout agosto ago augustus augusti elokuu elokuuta elokuun sierpnia sierpien srpna srpen augusta augusztus agustos agu αυγουστου августа август авг серпня kolovoza avgusta أغسطس אוגוסט`,
  `september sep sept septembre septiembre setiembre settembre set setembro syyskuu syyskuuta syyskuun wrzesnia wrzesien zari septembra szeptember szept septembrie eylul eyl σεπτεμβριου сентября сентябрь сен сент вересня rujna سبتمبر ספטמבר`,
  `october oct okt oktober octobre octubre ottobre ott outubro out okt lokakuu lokakuuta lokakuun pazdziernika pazdziernik rijna rijen oktobra oktober octombrie ekim eki οκτωβριου октября октябрь окт жовтня أكتوبر אוקטובר`,
  `november nov novembre noviembre novembro marraskuu marraskuuta marraskuun listopada listopad novembra noiembrie kasim kas νοεμβριου ноября ноябрь ноя листопада studenoga نوفمبر נובמבר`,
  `december dec dez dezember decembre diciembre dic dicembre dezembro des desember joulukuu joulukuuta joulukuun grudnia grudzien prosince prosinec decembra decembrie aralik ara δεκεμβριου декабря декабрь дек грудня prosinca ديسمبر דצמבר`,
];

/** Number of a month, 1 to 12, by its name. */
export const MONTHS: ReadonlyMap<string, number> = new Map(
  MONTH_NAMES.flatMap((names, index) =>
    names.split(' ').map((name): [string, number] => [comparable(name), index + 1]),
  ),
);

const words = (text: string): readonly string[] => text.split('|').map((word) => comparable(word.trim()));

/** Before a day on which somebody is there again. */
export const BACK_BEFORE_ENGLISH: readonly string[] = words(
  `be back | am back | i'm back | back on | back in the office | back at work | back from | returning | return | returns | returned | will be in the office | available again | reachable again | resume | resuming | reopen | re-open | reopens | will respond on | in the office again`,
);

export const BACK_BEFORE: readonly string[] = words(
  `wieder ab | wieder am | zurück am | zurück ab | zurück | wieder erreichbar | wieder im büro | wieder im haus | wieder da | rückkehr | wieder zurück | wieder für sie da | wieder persönlich | wieder ansprechbar | öffnen wieder |
   de retour | serai de retour | mon retour | reviens | reviendrai | reprendrai | reprise | retour le | rentre le | rouvrira | rouvrirons | à nouveau disponible | nouveau joignable | joignable à partir |
   regreso | regresaré | regresando | vuelvo | volveré | estaré de vuelta | de vuelta | vuelta | reincorporo | reincorporaré | incorporaré | me incorporo | retorno | retornaré | retomaré | disponible a partir |
   rientro | rientrerò | ritorno | ritornerò | tornerò | torno | di ritorno | di nuovo disponibile | di nuovo in ufficio | di nuovo operativi | riapriremo | riapertura |
   retorno | retornarei | retornando | regresso | regressarei | voltarei | volto | estarei de volta | de volta | de regresso |
   terug | weer aanwezig | weer bereikbaar | weer op kantoor | weer beschikbaar | weer open |
   tillbaka | åter | åter på plats | tillbaka på | är tillbaka | tilbage | er tilbage | tilbake | er tilbake | igen | igjen | palaan | palaan töihin | takaisin | tavattavissa |
   wracam | będę z powrotem | powrót | wrócę | będę dostępny | będę dostępna | vrátím se | budu zpět | zpět | vraciam sa | späť | visszatérek | revin | voi reveni | mă întorc | vraćam se | vrnem se |
   вернусь | буду на месте | буду на работе | возвращаюсь | возвращение | выйду на работу | выхожу | повернуся | ще се върна | döneceğim | dönüş | επιστρέφω | επιστροφή | אחזור | سأعود | kembali | trở lại | quay lại | 返回 | 回来 | 回到 | 恢复 | 返回日期 | 返回时间`,
);

/** Before the last day of an absence, or the day on which it ends. */
export const UNTIL_BEFORE_ENGLISH: readonly string[] = words(
  `until | till | 'til | til | through | thru | up to and including | up until | ending | ends on`,
);

export const UNTIL_BEFORE: readonly string[] = words(
  `bis | bis zum | bis einschließlich | bis inkl | einschließlich | bis und mit | jusqu'au | jusqu' au | jusqu'à | jusqu'à la date du | hasta | hasta el | hasta el día | fino al | fino all' | sino al | fino a | fino al giorno | até | até o dia | até ao dia | até dia | ate |
   tot | tot en met | t/m | t.e.m. | t/m. | t.m. | till och med | t.o.m. | t o m | tom | til og med | t.o.m | indtil | frem til | før | saakka | asti | do dnia | do | až do | až do dne | włącznie do | pana la | pana pe | până la | până pe | până în | до | по | включително до | έως | μέχρι | ως | עד | حتى | إلى | hingga | sampai | cho đến | đến ngày | đến | 至 | 到 | 直到 | 截至 | ~ | 終了`,
);

/** Directly after the last day, where the language says it there. */
export const UNTIL_AFTER: readonly string[] = words(
  'まで | 迄 | 까지 | kadar | tarihine kadar | asti | saakka | -ig | ig | -aig | (inclusive) | inclusive | включительно | (включительно) | einschließlich | inclus | incluido | inclusive | compreso | włącznie | 止',
);

/** Within the same sentence after the day of return. */
export const BACK_AFTER: readonly string[] = words(
  `wieder | zurück | i will be back | i'll be back | when i return | i will return | i return | i am back | i'm back | we reopen | we will be back | je serai de retour | de retour | je reviens | vuelvo | regreso | rientro | weer | terug | tillbaka | tilbage | tilbake | palaan | вернусь | 回来 | 返回 | 回到 | 恢复 | 上班 | に戻り | より出社 | から出社 | に出社 | より通常 | から通常 | より営業 | から営業 | より業務 | に復帰 | より復帰 | 復帰 | に帰社 | 以降 | 에 복귀 | 복귀 | 부터 정상 | döneceğim | dönmüş`,
);

/** Between two days of a range, whole words. */
export const RANGE_WORDS: ReadonlySet<string> = new Set(
  words(
    '- | -- | ~ | to | through | thru | until | till | til | bis | au | al | ao | a | ate | hasta | fino | t/m | tot | tom | do | az | по | до | から | 至 | 到 | 부터 | pana | asti | kuni',
  ),
);
